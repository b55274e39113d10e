"""The JSON files of each model that describe it to a reader of Hugging Face checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.train_shipped_model.shapes import SHAPE_NAMES
from tools.train_shipped_model.sizes import BertSizes, Gpt2Sizes
from tools.train_shipped_model.tokenizer import BOS, BOS_ID, EOS, EOS_ID

if TYPE_CHECKING:
    from tools.train_shipped_model.network import Shape


def llama_config(shape: Shape) -> dict[str, object]:
    """Return ``config.json`` of the shipped model."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": False,
        "bos_token_id": BOS_ID,
        "eos_token_id": EOS_ID,
        "head_dim": shape.head_dim,
        "hidden_act": "silu",
        "hidden_size": shape.hidden_size,
        "intermediate_size": shape.intermediate_size,
        "max_position_embeddings": shape.positions,
        "mlp_bias": False,
        "model_type": "llama",
        "num_attention_heads": shape.heads,
        "num_hidden_layers": shape.layers,
        "num_key_value_heads": shape.kv_heads,
        "rms_norm_eps": shape.rms_norm_eps,
        "rope_theta": shape.rope_theta,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "vocab_size": shape.vocab_size,
    }


def gpt2_config(sizes: Gpt2Sizes) -> dict[str, object]:
    """Return ``config.json`` of GPT-2."""
    return {
        "activation_function": "gelu_new",
        "architectures": ["GPT2LMHeadModel"],
        "attn_pdrop": 0.0,
        "bos_token_id": BOS_ID,
        "embd_pdrop": 0.0,
        "eos_token_id": EOS_ID,
        "layer_norm_epsilon": sizes.norm_eps,
        "model_type": "gpt2",
        "n_embd": sizes.hidden_size,
        "n_head": sizes.heads,
        "n_inner": sizes.inner_size,
        "n_layer": sizes.layers,
        "n_positions": sizes.positions,
        "resid_pdrop": 0.0,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "vocab_size": sizes.vocab_size,
    }


def bert_config(sizes: BertSizes) -> dict[str, object]:
    """Return ``config.json`` of BERT; the labels are the story shapes in the grammar's order."""
    return {
        "architectures": ["BertForSequenceClassification"],
        "attention_probs_dropout_prob": 0.0,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.0,
        "hidden_size": sizes.hidden_size,
        "id2label": {str(number): name for number, name in enumerate(SHAPE_NAMES)},
        "intermediate_size": sizes.inner_size,
        "label2id": {name: number for number, name in enumerate(SHAPE_NAMES)},
        "layer_norm_eps": sizes.norm_eps,
        "max_position_embeddings": sizes.positions,
        "model_type": "bert",
        "num_attention_heads": sizes.heads,
        "num_hidden_layers": sizes.layers,
        "position_embedding_type": "absolute",
        "torch_dtype": "bfloat16",
        "type_vocab_size": sizes.token_types,
        "vocab_size": sizes.vocab_size,
    }


def generation_config() -> dict[str, object]:
    """Return ``generation_config.json`` of a language model."""
    return {"bos_token_id": BOS_ID, "eos_token_id": EOS_ID, "do_sample": False}


def tokenizer_config(positions: int) -> dict[str, object]:
    """Return ``tokenizer_config.json`` for a model of so many positions."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BOS,
        "eos_token": EOS,
        "model_max_length": positions,
        "clean_up_tokenization_spaces": False,
    }
