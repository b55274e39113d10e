"""All cases of the core suite in causal order (CONF-2, CONF-9)."""

from collections.abc import Callable, Iterator

from spikeref.suite.build import causal_place
from spikeref.suite.cases.arithmetic import arithmetic_cases
from spikeref.suite.cases.attention import attention_cases
from spikeref.suite.cases.bad_las_models import bad_las_model_cases
from spikeref.suite.cases.bad_models import bad_model_cases
from spikeref.suite.cases.by_hand import cases_by_hand
from spikeref.suite.cases.by_hand_operators import operators_by_hand
from spikeref.suite.cases.caches import cache_cases
from spikeref.suite.cases.counted import counter_cases
from spikeref.suite.cases.domains import domain_cases
from spikeref.suite.cases.encoders import encoder_cases
from spikeref.suite.cases.events import event_cases
from spikeref.suite.cases.hg_models import hg_model_cases
from spikeref.suite.cases.las_attention import las_attention_cases
from spikeref.suite.cases.las_by_hand import las_by_hand
from spikeref.suite.cases.las_by_hand_operators import las_operators_by_hand
from spikeref.suite.cases.las_embeddings import las_embedding_cases
from spikeref.suite.cases.las_events import las_event_cases
from spikeref.suite.cases.las_functions import las_function_cases
from spikeref.suite.cases.las_heads import las_head_cases
from spikeref.suite.cases.las_models import las_model_cases
from spikeref.suite.cases.las_neurons import las_neuron_cases
from spikeref.suite.cases.las_norms import las_norm_cases
from spikeref.suite.cases.las_operators import las_operator_cases
from spikeref.suite.cases.las_powers import las_power_cases
from spikeref.suite.cases.linear import linear_cases
from spikeref.suite.cases.models import model_cases
from spikeref.suite.cases.packed_weights import packed_weight_cases
from spikeref.suite.cases.residual import residual_cases
from spikeref.suite.cases.rotations import rotation_cases
from spikeref.suite.cases.sums import sum_cases
from spikeref.suite.cases.thresholds import threshold_cases
from spikeref.suite.cases.trains import train_cases
from spikeref.vectors.case import Case

PARTS: tuple[Callable[[], Iterator[Case]], ...] = (
    cases_by_hand,
    operators_by_hand,
    arithmetic_cases,
    domain_cases,
    rotation_cases,
    threshold_cases,
    encoder_cases,
    train_cases,
    packed_weight_cases,
    sum_cases,
    event_cases,
    counter_cases,
    linear_cases,
    residual_cases,
    attention_cases,
    cache_cases,
    model_cases,
    bad_model_cases,
    las_by_hand,
    las_operators_by_hand,
    las_neuron_cases,
    las_event_cases,
    las_function_cases,
    las_power_cases,
    las_norm_cases,
    las_embedding_cases,
    las_operator_cases,
    las_head_cases,
    las_attention_cases,
    las_model_cases,
    bad_las_model_cases,
    hg_model_cases,
)


def core_cases(
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Case]:
    """Yield every case of the core suite, hand-worked ones first within an operation."""
    cases: list[Case] = []
    for number, part in enumerate(PARTS, start=1):
        cases += part()
        progress(number, len(PARTS))
    yield from sorted(cases, key=causal_place)
