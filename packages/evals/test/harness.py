"""What lm-evaluation-harness itself makes of the rows in fixtures/harness-rows.json: prompts, targets, metrics, errors.

pip download lm_eval==0.4.13 --no-deps; unzip lm_eval-*.whl -d W; PYTHONPATH=W python harness.py > fixtures/harness.json
Needs jinja2 and pyyaml. Nothing of the harness's models is used.
"""
import importlib.util, json, math, re, sys, types
from pathlib import Path

import jinja2, yaml

sys.modules["datasets"] = types.ModuleType("datasets")
sys.modules["datasets"].Dataset = object
here = Path(importlib.util.find_spec("lm_eval").origin).parent / "tasks"
sys.path[:0] = [str(here / name) for name in ("hellaswag", "winogrande", "wikitext")]
import preprocess_wikitext, preprocess_winogrande, utils as hellaswag

# The part of api/metrics.py that needs no other package.
text = (here.parent / "api" / "metrics.py").read_text()
metrics = {"math": math, "Sequence": list, "T": object}
for name in ("mean", "perplexity", "weighted_perplexity", "weighted_mean", "bits_per_byte", "sample_stddev", "mean_stderr"):
    exec(re.search(rf"^def {name}\(.*?(?=^\S)", text, re.M | re.S).group(0), metrics)
windows = {"Generator": list}
source = (here.parent / "utils.py").read_text()
for name in ("get_rolling_token_windows", "make_disjoint_window"):
    exec("from __future__ import annotations\n" + re.search(rf"^def {name}\(.*?(?=^(?:def|class) )", source, re.M | re.S).group(0), windows)

class Loader(yaml.SafeLoader):
    pass
Loader.add_constructor("!function", lambda loader, node: node.value)
configs = {
    "lambada_openai": "lambada/lambada_openai", "hellaswag": "hellaswag/hellaswag", "winogrande": "winogrande/default",
    "arc_easy": "arc/arc_easy", "piqa": "piqa/piqa", "boolq": "super_glue/boolq/default", "wikitext": "wikitext/wikitext",
}
env = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)

class Mapped(list):
    def map(self, function):
        return [{**row, **function(row)} for row in self]

def question(task, config, doc):
    render = lambda template: env.from_string(template).render(**doc)
    if task == "winogrande":
        choices = preprocess_winogrande.doc_to_choice(doc)
        target = " " + preprocess_winogrande.doc_to_target(doc)
        return {"pairs": [[choice, target] for choice in choices], "gold": preprocess_winogrande.doc_to_text(doc)}
    if task == "wikitext":
        results = preprocess_wikitext.process_results(doc, (0,))
        return {"text": preprocess_wikitext.wikitext_detokenizer(doc),
                "words": results["word_perplexity"][1], "bytes": results["byte_perplexity"][1]}
    context = render(config["doc_to_text"])
    if task == "lambada_openai":
        return {"pairs": [[context, render(config["doc_to_target"])]]}
    how = config["doc_to_choice"]
    choices = how if isinstance(how, list) else doc[how] if how in doc else eval(render(how))
    target = config["doc_to_target"]
    gold = int(doc[target] if target in doc else render(target))
    return {"pairs": [[context, " " + choice] for choice in choices], "gold": gold}

rows = json.loads((Path(__file__).parent / "fixtures" / "harness-rows.json").read_text())
questions = {}
for task, docs in rows["tasks"].items():
    config = {"doc_to_choice": None, **yaml.load((here / (configs[task] + ".yaml")).read_text(), Loader)}
    docs = hellaswag.process_docs(Mapped(docs)) if task == "hellaswag" else docs
    questions[task] = [question(task, config, doc) for doc in docs]
lls, weights = rows["logLikelihoods"], rows["weights"]
right = [int(x > -3) for x in lls]
rolling = [
    [list(a), list(b)]
    for pair in windows["get_rolling_token_windows"](list(range(100, 123)), 1, 8, 1)
    for a, b in [windows["make_disjoint_window"](pair)]
]
json.dump({
    "questions": questions,
    "metrics": {
        "acc": metrics["mean"](right), "acc_stderr": metrics["mean_stderr"](right),
        "perplexity": metrics["perplexity"](lls),
        "word_perplexity": metrics["weighted_perplexity"](list(zip(lls, weights))),
        "bits_per_byte": metrics["bits_per_byte"](list(zip(lls, weights))),
    },
    "rolling": rolling,
}, sys.stdout, indent=1, ensure_ascii=False)
print()
