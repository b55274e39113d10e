"""Operations and theoretical energy: models by shape, the papers' tables, traces by counters."""
