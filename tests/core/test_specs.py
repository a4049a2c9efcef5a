"""The spec: shorthands, refusals, the hash, the way to JSON and back."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.specs import OPERATIONAL, BenchmarkSpec, ExperimentSpec, MethodSpec, ModelSpec, method_of, parse_spec

LIGHT = settings(deadline=None, database=None, max_examples=60)
SMALLEST: dict[str, Any] = {"models": ["fake/a"], "benchmarks": ["gsm8k"]}


def refusal(fields: dict[str, Any]) -> str:
    with pytest.raises(ConfigInvalid) as caught:
        parse_spec(fields)
    told = str(caught.value)
    assert "\n" not in told
    assert caught.value.hint
    return told


class TestShorthands:
    @pytest.mark.parametrize(
        "models",
        ["fake/a", ["fake/a"], {"model": "fake/a"}, [{"model": "fake/a"}], ("fake/a",), [ModelSpec(model="fake/a")]],
    )
    def test_a_model(self, models: object) -> None:
        assert parse_spec({**SMALLEST, "models": models}).models == (ModelSpec(model="fake/a"),)

    @pytest.mark.parametrize(
        "models",
        ["fake/a,fake/b", "fake/a, fake/b", ["fake/a,fake/b"], ("fake/a", "fake/b"), ["fake/a", {"model": "fake/b"}]],
    )
    def test_a_comma_list_as_in_the_flags(self, models: object) -> None:
        assert [model.model for model in parse_spec({**SMALLEST, "models": models}).models] == ["fake/a", "fake/b"]

    def test_every_list_may_be_one_text(self) -> None:
        more = {"benchmarks": "gsm8k,triviaqa", "methods": "naive,few_shot:3", "presets": "balanced,performance"}
        spec = parse_spec({**SMALLEST, **more})
        assert spec.cells_planned == 8
        assert [method.label for method in spec.methods] == ["naive", "few_shot:3"]

    @pytest.mark.parametrize(
        "model",
        ["llama_cpp//models/a,b.gguf", "llama_cpp/a, b.gguf", "openai_compatible/http://x,y", "fake/a,", "a,,b", ","],
    )
    def test_a_comma_that_is_part_of_a_name_stays(self, model: str) -> None:
        assert [found.model for found in parse_spec({**SMALLEST, "models": model}).models] == [model]
        mapped = parse_spec({**SMALLEST, "models": {"model": "fake/a,b"}})
        assert [found.model for found in mapped.models] == ["fake/a,b"]

    def test_a_path_beside_another_model_is_split(self) -> None:
        found = parse_spec({**SMALLEST, "models": "fake/a,llama_cpp//models/x.gguf"}).models
        assert [model.model for model in found] == ["fake/a", "llama_cpp//models/x.gguf"]

    @pytest.mark.parametrize("stop", ["x", ["x"]])
    def test_one_stop_text(self, stop: object) -> None:
        assert parse_spec({**SMALLEST, "sampling": {"stop": stop}}).sampling.stop == ("x",)
        assert parse_spec({**SMALLEST, "sampling": {"stop": "a,b"}}).sampling.stop == ("a,b",)

    @pytest.mark.parametrize("benchmarks", ["gsm8k", ["gsm8k"], [{"benchmark": "gsm8k"}]])
    def test_a_benchmark(self, benchmarks: object) -> None:
        assert parse_spec({**SMALLEST, "benchmarks": benchmarks}).benchmarks == (BenchmarkSpec(benchmark="gsm8k"),)

    @pytest.mark.parametrize("methods", ["few_shot:3", ["few_shot:3"], [{"method": "few_shot", "shots": 3}]])
    def test_a_method_with_shots(self, methods: object) -> None:
        spec = parse_spec({**SMALLEST, "methods": methods})
        assert spec.methods == (MethodSpec(method="few_shot", shots=3),)
        assert spec.methods[0].label == "few_shot:3"

    def test_what_is_not_given_has_a_default(self) -> None:
        spec = parse_spec(SMALLEST)
        assert spec.presets == ("balanced",)
        assert [method.label for method in spec.methods] == ["naive"]
        assert (spec.repeats, spec.seed, spec.limit, spec.sampling.temperature) == (1, 0, None, 0.0)

    def test_cells_are_a_product(self) -> None:
        spec = parse_spec(
            {
                "models": ["fake/a", "fake/b"],
                "presets": ["balanced", "performance"],
                "benchmarks": ["gsm8k", "triviaqa", "arc_challenge"],
                "methods": ["naive", "cot"],
            }
        )
        assert spec.cells_planned == 24

    def test_yaml_and_flags_give_one_spec(self) -> None:
        text = "models: [fake/a]\nbenchmarks: gsm8k\nmethods: [naive, few_shot:5]\nlimit: 20\n"
        assert parse_spec(yaml.safe_load(text)) == parse_spec(
            {**SMALLEST, "methods": [{"method": "naive"}, {"method": "few_shot", "shots": 5}], "limit": "20"}
        )


class TestRefusals:
    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"modles": ["x"]}, "'modles': did you mean 'models'?"),
            ({"budget": {"call": 3}}, "'budget.call': did you mean 'calls'?"),
            ({"sampling": {"temprature": 1}}, "'sampling.temprature': did you mean 'temperature'?"),
            ({"models": [{"model": "fake/a", "base_ur": "x"}]}, "'models.0.base_ur': did you mean 'base_url'?"),
            ({"methods": [{"method": "cot", "shot": 1}]}, "'methods.0.shot': did you mean 'shots'?"),
            ({"zzz": 1}, "unknown field 'zzz': known: "),
        ],
    )
    def test_an_unknown_field_names_the_nearest(self, fields: dict[str, Any], words: str) -> None:
        assert words in refusal({**SMALLEST, **fields})

    def test_an_unknown_field_wins_over_a_missing_one(self) -> None:
        assert "'modls': did you mean 'models'?" in refusal({"modls": "fake/a", "benchmarks": "gsm8k"})

    @pytest.mark.parametrize(
        ("fields", "where"),
        [
            ({"limit": True}, "limit"),
            ({"seed": False}, "seed"),
            ({"timeout": True}, "timeout"),
            ({"budget": {"calls": True}}, "budget.calls"),
            ({"sampling": {"temperature": True}}, "sampling.temperature"),
            ({"sampling": {"logprobs": False}}, "sampling.logprobs"),
            ({"methods": [{"method": "few_shot", "shots": True}]}, "methods.0.shots"),
            ({"models": True}, "models"),
        ],
    )
    def test_true_and_false_are_no_numbers(self, fields: dict[str, Any], where: str) -> None:
        assert f"field '{where}': true or false is not expected" in refusal({**SMALLEST, **fields})

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), None, [1]])
    def test_an_engine_setting_that_is_none(self, value: object) -> None:
        told = refusal({**SMALLEST, "models": {"model": "fake/a", "args": {"accuracy": value}}})
        assert "field 'models.0.args.accuracy': true or false, a finite number or a text is expected" in told

    @pytest.mark.parametrize("value", [float("nan"), float("-inf"), None, [1]])
    @pytest.mark.parametrize("field", ["methods", "benchmarks"])
    def test_an_option_that_is_none(self, field: str, value: object) -> None:
        told = refusal({**SMALLEST, field: {field[:-1]: "naive", "options": {"votes": value}}})
        assert f"field '{field}.0.options.votes': true or false, a finite number or a text is expected" in told

    @pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
    def test_what_is_no_number_in_a_label_is_a_text(self, value: str) -> None:
        assert method_of(f"self_consistency:votes={value}").options == {"votes": value}

    def test_an_option_that_is_given_twice(self) -> None:
        told = refusal({**SMALLEST, "methods": "naive,self_refine:rounds=2,rounds=3"})
        assert "'self_refine:rounds=2,rounds=3' gives the option 'rounds' twice: leave one of them out" in told

    @pytest.mark.parametrize("field", ["models", "benchmarks"])
    def test_a_missing_field_is_named(self, field: str) -> None:
        assert f"field '{field}' is missing" in refusal({k: v for k, v in SMALLEST.items() if k != field})

    @pytest.mark.parametrize(
        ("fields", "where"),
        [
            ({"models": []}, "models"),
            ({"models": 5}, "models.0"),
            ({"models": None}, "models.0"),
            ({"models": [""]}, "models.0.model"),
            ({"presets": ["fast"]}, "presets.0"),
            ({"methods": ["few_shot:x"]}, "methods.0.shots"),
            ({"methods": ["few_shot:0"]}, "methods.0.shots"),
            ({"repeats": 0}, "repeats"),
            ({"limit": 0}, "limit"),
            ({"limit": 2**63}, "limit"),
            ({"seed": -1}, "seed"),
            ({"seed": 2**63}, "seed"),
            ({"timeout": float("inf")}, "timeout"),
            ({"budget": {"usd": float("nan")}}, "budget.usd"),
            ({"sampling": {"temperature": -0.1}}, "sampling.temperature"),
            ({"sampling": {"max_tokens": 10**30}}, "sampling.max_tokens"),
            ({"name": "../etc"}, "name"),
            ({"name": "a" * 101}, "name"),
        ],
    )
    def test_a_wrong_value_is_shown_where_it_stands(self, fields: dict[str, Any], where: str) -> None:
        assert f"field '{where}'" in refusal({**SMALLEST, **fields})

    @pytest.mark.parametrize(
        "fields",
        [
            {"models": ["fake/a", "fake/a"]},
            {"methods": ["few_shot:3", {"method": "few_shot", "shots": 3}]},
            {"presets": ["balanced", "balanced"]},
            {"benchmarks": ["gsm8k", {"benchmark": "gsm8k"}]},
        ],
    )
    def test_a_cell_cannot_be_asked_for_twice(self, fields: dict[str, Any]) -> None:
        assert "twice" in refusal({**SMALLEST, **fields})

    def test_limit_and_samples_exclude_each_other(self) -> None:
        assert "exclude each other" in refusal({**SMALLEST, "limit": 3, "samples": "mine"})


class TestSecrets:
    @pytest.mark.parametrize(
        "name", ["api_key", "apiKey", "hf_token", "password", "client-secret", "key", "Authorization"]
    )
    @pytest.mark.parametrize("one", [True, False])
    def test_are_refused_and_not_repeated(self, name: str, one: bool) -> None:
        model = {"model": "fake/a", "args": {name: "sk-live-123"}}
        told = refusal({**SMALLEST, "models": model if one else [model]})
        assert "looks like a secret" in told
        assert "sk-live-123" not in told

    @pytest.mark.parametrize("name", ["max_tokens", "max_new_tokens", "tokenizer", "api_key_env", "keep_alive"])
    def test_other_arguments_are_not_taken_for_secrets(self, name: str) -> None:
        spec = parse_spec({**SMALLEST, "models": [{"model": "fake/a", "args": {name: "x"}}]})
        assert spec.models[0].args == {name: "x"}

    def test_a_key_in_the_place_of_its_variable_is_refused_and_not_repeated(self) -> None:
        told = refusal({**SMALLEST, "models": [{"model": "fake/a", "api_key_env": "sk-live-123"}]})
        assert "api_key_env" in told
        assert "sk-live-123" not in told


class TestHash:
    @pytest.mark.parametrize(
        "fields",
        [
            {"name": "a-run"},
            {"budget": {"calls": 10}},
            {"concurrency": 3},
            {"retries": 0},
            {"timeout": 1.0},
        ],
    )
    def test_how_a_run_is_executed_does_not_count(self, fields: dict[str, Any]) -> None:
        assert set(fields) <= OPERATIONAL
        assert parse_spec({**SMALLEST, **fields}).hash() == parse_spec(SMALLEST).hash()

    @pytest.mark.parametrize(
        "fields",
        [
            {"models": ["fake/b"]},
            {"models": [{"model": "fake/a", "args": {"accuracy": 0.5}}]},
            {"presets": ["performance"]},
            {"benchmarks": ["triviaqa"]},
            {"methods": ["cot"]},
            {"repeats": 2},
            {"sampling": {"temperature": 0.5}},
            {"limit": 5},
            {"samples": "mine"},
            {"seed": 1},
            {"judges": ["fake/j"]},
            {"optimisations": ["sequential"]},
            {"methods": "naive,cot", "decision": {}},
            {"benchmarks": [{"benchmark": "gsm8k", "scorer": "judge"}]},
            {"benchmarks": [{"benchmark": "gsm8k", "options": {"rubric": "x"}}]},
        ],
    )
    def test_what_is_measured_counts(self, fields: dict[str, Any]) -> None:
        assert parse_spec({**SMALLEST, **fields}).hash() != parse_spec(SMALLEST).hash()

    def test_every_field_is_either_measured_or_operational(self) -> None:
        spec = parse_spec(SMALLEST)
        unset = {"judges", "decision", "optimisations", "measurement"}
        assert set(spec.measured()) | OPERATIONAL | unset == set(ExperimentSpec.model_fields)
        assert not set(spec.measured()) & OPERATIONAL
        assert "judges" in parse_spec({**SMALLEST, "judges": "fake/j"}).measured()  # unset, old hashes stay

    def test_golden_values(self) -> None:
        """If one of these fails, no old run can be resumed: change the code back."""
        assert parse_spec(SMALLEST).hash() == "78224cf5e6c17f4a9a721da68ef2d303"
        spec = parse_spec(
            {
                "models": [{"model": "fake/a", "args": {"accuracy": 0.5}}],
                "benchmarks": ["gsm8k"],
                "methods": ["few_shot:3"],
                "limit": 20,
                "seed": 7,
            }
        )
        assert spec.hash() == "b152cb4eefa3d62d6553ad79ac34f95d"


WORDS = st.text(min_size=1, max_size=12)
FLOATS = st.floats(0, 5, allow_nan=False)
MODELS = st.fixed_dictionaries(
    {"model": WORDS},
    optional={
        "base_url": st.none() | WORDS,
        "api": st.sampled_from(["chat", "completions"]),
        "api_key_env": st.none() | st.just("MY_KEY"),
        "stream": st.booleans(),
        "args": st.dictionaries(
            st.sampled_from(["accuracy", "n", "mode"]),
            st.booleans() | st.integers(-(2**40), 2**40) | FLOATS | WORDS,
            max_size=3,
        ),
    },
)
SPECS = st.fixed_dictionaries(
    {
        "models": st.lists(MODELS, min_size=1, max_size=2, unique_by=lambda model: str(model["model"])),
        "benchmarks": st.lists(WORDS, min_size=1, max_size=2, unique=True).map(
            lambda names: [{"benchmark": name} for name in names]
        ),
    },
    optional={
        "name": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
        "presets": st.lists(
            st.sampled_from(["memory_optimized", "balanced", "performance"]), min_size=1, max_size=2, unique=True
        ),
        "repeats": st.integers(1, 1000),
        "sampling": st.fixed_dictionaries(
            {},
            optional={"temperature": FLOATS, "max_tokens": st.integers(1, 10**7), "stop": st.lists(WORDS, max_size=2)},
        ),
        "limit": st.integers(1, 2**63 - 1),
        "seed": st.integers(0, 2**63 - 1),
        "budget": st.fixed_dictionaries({}, optional={"calls": st.integers(0, 10**9), "usd": FLOATS}),
        "timeout": st.floats(0.001, 1e6),
    },
)


@LIGHT
@given(SPECS)
def test_a_spec_survives_its_way_through_json(fields: dict[str, Any]) -> None:
    spec = parse_spec(fields)
    again = parse_spec(orjson.loads(orjson.dumps(spec.model_dump(mode="json"))))
    assert again == spec
    assert again.hash() == spec.hash()
    assert ExperimentSpec.model_validate_json(spec.model_dump_json()) == spec


def test_a_name_that_is_none_is_told_in_words() -> None:
    told = refusal({"name": "../x", "models": ["fake/a"], "benchmarks": ["classification"]})
    assert "field 'name': 1 to 100 letters, digits," in told and "(got '../x')" in told and "^[" not in told
