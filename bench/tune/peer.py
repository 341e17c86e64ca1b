#!/usr/bin/env python3
"""What tune_bench does, in PyTorch: a LoRA of rank 16 on every linear map of the layers (PEFT), a base in bfloat16, SDPA attention, the same
sequences, AdamW, gradients clipped at 1. Prints tune_bench's line of JSON.

  loop  transformers and PEFT with a loop of a few lines: nothing else costs time
  trl   TRL's SFTTrainer
"""
import argparse
import json
import os
import resource
import time

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
import torch
import transformers
from peft import LoraConfig, get_peft_model

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Watch:
    """Measures from the end of the first step to the end of the last."""

    def __init__(self, tokens_of_a_step: int):
        self.tokens, self.loss, self.marks = tokens_of_a_step, None, []

    def step_done(self, loss: float | None) -> None:
        self.loss = loss if self.loss is None else self.loss
        self.marks.append((time.monotonic(), cpu_seconds()))

    def line(self) -> str:
        (wall, cpu), (wall_end, cpu_end) = self.marks[0], self.marks[-1]
        tokens = self.tokens * (len(self.marks) - 1)
        return json.dumps({"loss": round(self.loss, 4), "tokens_per_second": round(tokens / (wall_end - wall), 1),
                           "tokens_per_cpu_second": round(tokens / (cpu_end - cpu), 1),
                           "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 3)})


def model_of(folder: str, recompute: bool):
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16, attn_implementation="sdpa")
    model.config.use_cache = False
    if recompute:
        model.gradient_checkpointing_enable({"use_reentrant": False})
        model.enable_input_require_grads()
    return model


def lora() -> LoraConfig:
    return LoraConfig(r=16, lora_alpha=32, target_modules=TARGETS, lora_dropout=0.0, bias="none", task_type="CAUSAL_LM")


def run_loop(arguments, sequences: list[list[int]], watch: Watch) -> None:
    model = get_peft_model(model_of(arguments.model, arguments.recompute), lora())
    model.train()
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=1e-5, weight_decay=0.0)
    tokens = torch.tensor(sequences)
    for _ in range(arguments.steps + 1):
        loss = model(input_ids=tokens, labels=tokens).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        watch.step_done(loss.item())


def run_trl(arguments, sequences: list[list[int]], watch: Watch) -> None:
    import tempfile

    import datasets
    from tokenizers import Tokenizer, models
    from trl import SFTConfig, SFTTrainer

    class Callback(transformers.TrainerCallback):
        def on_log(self, args, state, control, logs=None, **rest):
            if "loss" in (logs or {}) and watch.loss is None:
                watch.loss = logs["loss"]

        def on_step_end(self, args, state, control, **rest):
            watch.step_done(watch.loss)

    # The rows are tokens already: a tokenizer is only asked for its padding.
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), pad_token="<pad>", eos_token="<end>")
    rows = datasets.Dataset.from_dict({"input_ids": sequences * (arguments.steps + 1)})
    config = SFTConfig(output_dir=tempfile.mkdtemp(), max_steps=arguments.steps + 1, per_device_train_batch_size=len(sequences),
                       learning_rate=1e-5, lr_scheduler_type="constant", weight_decay=0.0, max_grad_norm=1.0, use_cpu=True, bf16=arguments.autocast,
                       gradient_checkpointing=arguments.recompute, max_length=None, logging_steps=1, save_strategy="no", report_to="none",
                       disable_tqdm=True, dataloader_pin_memory=False, shuffle_dataset=False)
    trainer = SFTTrainer(model=model_of(arguments.model, False), args=config, train_dataset=rows, peft_config=lora(),
                         processing_class=tokenizer, callbacks=[Callback()])
    trainer.train()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["loop", "trl"])
    parser.add_argument("model")
    parser.add_argument("--tokens", required=True)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--recompute", action="store_true")
    parser.add_argument("--autocast", action="store_true", help="TRL's default mixed precision, beside the base in bfloat16")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    sequences = [[int(token) for token in line.split()] for line in open(arguments.tokens)]
    watch = Watch(sum(map(len, sequences)))
    {"loop": run_loop, "trl": run_trl}[arguments.what](arguments, sequences, watch)
    print(watch.line())


if __name__ == "__main__":
    main()
