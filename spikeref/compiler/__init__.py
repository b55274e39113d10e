"""From a checkpoint to an integer model, row block by row block (spec chapter 7)."""
