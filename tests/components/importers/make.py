"""Writes logs with the real tools: make.py FOLDER. The tools are in the folder EVALDIFF_TOOLS; nothing is downloaded.

Beside each log stands expected.json: samples, rows and headline as the tool itself reports them.
"""

import json
import math
import os
import subprocess
import sys
import types
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUT = Path(sys.argv[1]).resolve()
TOOLS = Path(os.environ["EVALDIFF_TOOLS"])
expected = {}


def run(command, **environment):
    done = subprocess.run(command, cwd=OUT, env={**os.environ, **environment}, capture_output=True, text=True)
    # promptfoo ends with 100 where a test failed, which is the point here.
    if done.returncode not in (0, 100):
        sys.exit(f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}")


def lm_eval():
    tasks = OUT / "tasks"
    tasks.mkdir()
    with open(OUT / "choices.jsonl", "w") as file:
        for i in range(40):
            row = {"question": f"q{i}?", "choices": ["a", "b", "c"], "gold": i % 3, "subject": f"s{i % 2}"}
            print(json.dumps(row), file=file)
    with open(OUT / "texts.jsonl", "w") as file:
        for i in range(12):
            # A document twice, and answers that the dummy model, which always says "lol", gets right.
            print(json.dumps({"question": f"q{i % 11}?", "answer": "lol" if i % 3 == 0 else "no"}), file=file)
    common = "dataset_path: json\ntest_split: test\ndoc_to_text: '{{question}}'\n"
    metric = "  - {metric: %s, aggregation: mean, higher_is_better: true}\n"
    (tasks / "choices.yaml").write_text(
        f"task: choices\n{common}dataset_kwargs: {{data_files: {{test: {OUT}/choices.jsonl}}}}\n"
        "output_type: multiple_choice\ndoc_to_choice: '{{choices}}'\ndoc_to_target: '{{gold}}'\nmetric_list:\n"
        + metric % "acc"
        + metric % "acc_norm"
    )
    (tasks / "texts.yaml").write_text(
        f"task: texts\n{common}dataset_kwargs: {{data_files: {{test: {OUT}/texts.jsonl}}}}\n"
        "output_type: generate_until\ndoc_to_target: '{{answer}}'\ngeneration_kwargs: {until: [\"\\n\"]}\nmetric_list:\n"
        + metric % "exact_match"
        + "filter_list:\n  - {name: strict, filter: [{function: take_first}]}\n"
        "  - {name: letter, filter: [{function: regex, regex_pattern: '(l)'}, {function: take_first}]}\n"
    )
    run(
        [TOOLS / "bin/lm_eval", "run", "--model", "dummy", "--tasks", "choices,texts", "--include_path", tasks]
        + ["--log_samples", "--output_path", OUT / "lm-eval"],
        HF_HUB_OFFLINE="1",
        HF_DATASETS_OFFLINE="1",
        HF_HOME=str(OUT / "hf"),
    )
    results = json.loads(next((OUT / "lm-eval").rglob("results_*.json")).read_text())
    for task, metric in [("choices", "acc,none"), ("texts", "exact_match,strict")]:
        log = next((OUT / "lm-eval").rglob(f"samples_{task}_*.jsonl"))
        expected[str(log.relative_to(OUT))] = {
            "rows": sum(1 for _ in open(log)),
            "headline": results["results"][task][metric],
            "model": results["model_name"],
            "filter": metric.split(",")[1],
        }


def inspect():
    # The mock model counts tokens with an encoding that would have to be downloaded.
    import tiktoken

    tiktoken.get_encoding = lambda name: types.SimpleNamespace(encode=lambda text, **_: text.split())
    from inspect_ai import Task, eval
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ModelOutput, get_model
    from inspect_ai.scorer import Score, match, mean, scorer
    from inspect_ai.solver import generate

    @scorer(metrics=[mean()])
    def length():
        async def score(state, target):
            value = math.nan if state.sample_id == "q3" else len(state.output.completion) / 10
            return Score(value=value)

        return score

    def outputs():
        turn = 0
        while True:
            yield ModelOutput.from_content("mockllm/model", str([1, 2, 9, 4, 5, 0, 1][turn % 7]))
            turn += 1

    samples = [
        Sample(id=f"q{i}", input=f"What is {i}+1?", target=str(i + 1), metadata={"parity": ["even", "odd"][i % 2]})
        for i in range(6)
    ]
    for kind in ["json", "eval"]:
        task = Task(dataset=samples, solver=[generate()], scorer=[match(), length()], name="plus", epochs=3)
        model = get_model("mockllm/model", custom_outputs=outputs())
        [log] = eval(
            task, model=model, log_dir=str(OUT / "inspect"), log_format=kind, display="none", max_samples=1
        )
        assert log.status == "success", log.error
        file = next((OUT / "inspect").glob(f"*.{kind}"))
        expected[str(file.relative_to(OUT))] = {
            "rows": log.results.total_samples,
            "samples": len(samples),
            "headline": log.results.scores[0].metrics["accuracy"].value,
            "model": log.eval.model,
        }


def promptfoo():
    folder = OUT / "promptfoo"
    folder.mkdir()
    main = TOOLS / "node_modules/promptfoo/dist/src/main.js"
    run(
        ["node", main, "eval", "-c", HERE / "promptfooconfig.yaml", "-o", folder / "out.json", "-o", folder / "out.jsonl"]
        + ["--no-cache", "--repeat", "2"],
        PROMPTFOO_DISABLE_TELEMETRY="1",
        PROMPTFOO_DISABLE_UPDATE="1",
        PROMPTFOO_CONFIG_DIR=str(OUT / "promptfoo-home"),
    )
    stats = json.loads((folder / "out.json").read_text())["results"]["stats"]
    rows = stats["successes"] + stats["failures"] + stats["errors"]
    for name in ["out.json", "out.jsonl"]:
        expected[f"promptfoo/{name}"] = {
            "rows": rows,
            "samples": 3,
            "headline": stats["successes"] / rows,
            "model": "parrot-1",
        }


def mlflow():
    os.environ.update(MLFLOW_ALLOW_FILE_STORE="true", MLFLOW_TRACKING_URI=f"file:{OUT}/mlruns")
    import mlflow
    import pandas
    from mlflow.metrics import MetricValue, make_metric

    def exact(predictions, targets):
        scores = [int(guess == right) for guess, right in zip(predictions, targets)]
        return MetricValue(scores=scores, aggregate_results={"mean": sum(scores) / len(scores)})

    data = pandas.DataFrame(
        {
            "question_id": [f"q{i}" for i in range(6)],
            "inputs": [f"What is {i}+1?" for i in range(6)],
            "answer": [str(i + 1) for i in range(6)],
            "guess": ["1", "2", "9", "4", "5", "0"],
        }
    )
    metric = make_metric(eval_fn=exact, greater_is_better=True, name="exact", version="v1")
    with mlflow.start_run() as done:
        result = mlflow.models.evaluate(
            data=data, predictions="guess", targets="answer", model_type=None, extra_metrics=[metric]
        )
        mlflow.artifacts.download_artifacts(
            run_id=done.info.run_id, artifact_path="eval_results_table.json", dst_path=str(OUT / "mlflow")
        )
    expected["mlflow/eval_results_table.json"] = {"rows": len(data), "headline": result.metrics["exact/v1/mean"]}


for tool in [lm_eval, inspect, promptfoo, mlflow]:
    tool()
(OUT / "expected.json").write_text(json.dumps(expected, indent=1))
