"""Which code the spikes of an op of LAS have (LMOD-3, LAS-14)."""

from spikeref.model.las_layers import LasModel
from spikeref.model.las_profile import Role
from spikeref.neurons.outlier_aware import OatCode
from spikeref.trace.las_records import LasSpikesOp

ROLE_OF: dict[LasSpikesOp, Role] = {
    "las_qkv_input": "attention_input", "las_query_spikes": "query", "las_key_spikes": "key",
    "las_value_spikes": "value", "las_o_input": "o_input", "las_mlp_input": "mlp_input",
    "las_up_spikes": "up", "las_down_input": "activation", "las_head_input": "head_input",
    "las_classifier_input": "classifier_input",
}  # fmt: skip


def code_of(model: LasModel, layer: int, op: LasSpikesOp) -> OatCode:
    """Return the code of the OAT neurons of one op; `layer` is that of the record."""
    role = ROLE_OF[op]
    match role:
        case "head_input":
            return model.head_code
        case "classifier_input":
            return model.classifier_code
        case _:
            return model.layers[layer].codes[role]
