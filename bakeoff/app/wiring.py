"""What is plugged into what: the one file that joins engines, benchmarks, methods and scorers.

A name of the spec becomes an object here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bakeoff.app.scorer_options import check_options
from bakeoff.app.settings import Settings, sandbox, secret
from bakeoff.benchmarks import BENCHMARKS
from bakeoff.benchmarks._files import DataHome
from bakeoff.core.errors import ConfigInvalid, MissingKey, UnknownName
from bakeoff.core.hashing import derive_seed
from bakeoff.core.options import settled
from bakeoff.core.protocols import Benchmark, Engine, EngineConfig, Method, MethodConfig, Profile, Scorer
from bakeoff.core.specs import BenchmarkSpec, ExperimentSpec, MethodSpec, ModelSpec
from bakeoff.core.types import Price, Sample, Sampling
from bakeoff.engines import ENGINES
from bakeoff.engines.catalogue import Entry, find, known_names, models, preset
from bakeoff.methods import METHODS
from bakeoff.scorers import SCORERS

REASONING_TOKENS = 256
JUDGED = {"judge": 1, "judge_pairwise": 2}  # calls of each judge for a turn
MAY_BE_JUDGED = frozenset({"faithfulness"})  # by a judge where one is named
_BESIDE = "beside"  # option of such a scorer: further metrics beside the score of the profile's own
_EMBEDDER_PATHS = ("model", "tokenizer")
_DEFAULT_KEYS = {"openai_compatible": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """A model's name in the spec, taken apart: which engine, which id, what the catalogue says."""

    engine: str
    id: str
    entry: Entry | None


def resolve_model(name: str) -> ResolvedModel:
    """Look a model up: a catalogue name, one of its aliases, or `engine/id`. Raises UnknownName."""
    listed = find(name)
    if listed is not None:
        return ResolvedModel(listed[1].engine, listed[1].id, listed[1])
    engine, slash, model_id = name.partition("/")
    if slash and model_id:
        ENGINES.check(engine)
        known = next((e for e in models().values() if e.engine == engine and e.id == model_id), None)
        return ResolvedModel(engine, model_id, known)
    raise UnknownName("model", name, known_names(), see="bakeoff list models' or name it as 'engine/id")


def build_engine(spec: ModelSpec, preset_name: str, timeout: float, settings: Settings) -> Engine:
    """The engine of a model under a preset. Raises UnknownName, MissingKey, ConfigInvalid."""
    model = resolve_model(spec.model)
    if "@" in (spec.base_url or "").partition("://")[2].partition("/")[0]:
        raise ConfigInvalid(
            f"the base URL of '{spec.model}' holds a user or password, and a spec is stored",
            "put the key in the environment and name the variable with --api-key-env",
        )
    base_url = spec.base_url or (model.entry.base_url if model.entry else None)
    if base_url is None and model.engine == "openai_compatible":
        if model.entry is not None and model.entry.api_key_env is None and settings.openai_base_url is None:
            raise ConfigInvalid(f"model '{spec.model}' has no endpoint of its own", "say where it runs with --base-url")
        base_url = settings.openai_base_url
    entry = model.entry
    price = None
    if entry is not None and entry.input_price is not None and entry.output_price is not None:
        price = Price(entry.input_price, entry.output_price)
    elif model.engine in ("fake", "llama_cpp", "transformers", "vllm"):
        price = Price(0.0, 0.0)  # runs here: there is nobody to pay by the token
    config = EngineConfig(
        name=model.id,
        revision=(entry.revision or "") if entry else "",
        base_url=base_url,
        api=spec.api,
        api_key=_api_key(spec, model, base_url),
        stream=spec.stream,
        settings=preset(model.engine, preset_name),
        args={**(entry.args if entry else {}), **spec.args},
        context_length=entry.context_length if entry else None,
        price=price,
        timeout=timeout,
        trust_proxies=settings.proxied and not _is_loopback(base_url),
        model_file=model.id if model.id.endswith(".gguf") else None,
    )
    engine: Engine = ENGINES.load(model.engine)(config)
    return engine


def _api_key(spec: ModelSpec, model: ResolvedModel, base_url: str | None) -> str | None:
    """The key to send. One that the user did not name is never sent to an address they chose."""
    if spec.api_key_env is not None:
        found = secret(spec.api_key_env)
        if found is None:
            raise MissingKey(spec.model, spec.api_key_env)
        return found
    if model.engine not in _DEFAULT_KEYS or spec.base_url is not None:
        return None
    variable = (model.entry.api_key_env if model.entry else None) or _DEFAULT_KEYS[model.engine]
    found = secret(variable)
    if found is None and not _is_loopback(base_url):
        raise MissingKey(spec.model, variable)
    return found


def _is_loopback(url: str | None) -> bool:
    try:
        host = urlsplit(url).hostname if url else None
    except ValueError:
        return False  # no address: the engine says so
    return host in ("127.0.0.1", "localhost", "::1")


def data_home(settings: Settings) -> DataHome:
    return DataHome(settings.data, settings.home, settings.offline)


def build_benchmark(name: str, settings: Settings) -> Benchmark:
    """A name of the registry, one that `bakeoff data add` keeps, or a path. Raises UnknownName. Opens no data yet."""
    from bakeoff.app.own_benchmarks import own_class

    found = own_class(name, settings.home) or BENCHMARKS.load(name)
    benchmark: Benchmark = found(data_home(settings))
    return benchmark


# What the class of a method may say that it `needs` → "module:function" that makes it of (options, settings).
# Its result becomes the field of that name in MethodConfig.
PARTS: dict[str, str] = {
    "retriever": "bakeoff.app.knowledge:retriever_for",
    "tools": "bakeoff.app.toolbox:tools_for",
    "memory": "bakeoff.app.toolbox:memory_for",
}


def build_method(spec: MethodSpec, profile: Profile | None = None, settings: Settings | None = None) -> Method:
    """The method, or what asks in its place where the profile prescribes the prompt.

    Without `settings` nothing is plugged into it: it can word and grade, and ask nobody that it `needs`.
    Raises UnknownName, ConfigInvalid.
    """
    cls = METHODS.load(spec.method)
    if spec.shots is not None and not getattr(cls, "takes_shots", False):
        raise ConfigInvalid(f"method '{spec.method}' takes no shots", "write it without ':<number>'")
    options = settled(spec.method, getattr(cls, "OPTIONS", {}), spec.options)
    if profile is not None and profile.ask == "turns":
        if spec.method != "naive":
            raise ConfigInvalid(
                f"profile '{profile.name}' asks in turns, which method '{spec.method}' does not", "use method naive"
            )
        from bakeoff.methods._conversation import Conversation

        return Conversation()
    if profile is not None and profile.prompt is not None:
        if spec.method not in ("naive", "few_shot"):
            raise ConfigInvalid(
                f"profile '{profile.name}' prescribes its prompt, which method '{spec.method}' would word otherwise",
                "use method naive with it, or profile bakeoff",
            )
        from bakeoff.methods._prescribed import Prescribed

        return Prescribed(spec.shots if spec.method == "few_shot" else None)
    needs = getattr(cls, "needs", ()) if settings is not None else ()
    parts: dict[str, Any] = {name: _part(name, spec, options, settings) for name in needs}
    method: Method = cls(MethodConfig(spec.shots, options, **parts))
    return method


def _part(
    name: str, spec: MethodSpec, options: Mapping[str, bool | int | float | str], settings: Settings | None
) -> object:
    """What a method needs besides an engine. Raises UsageError."""
    target = PARTS.get(name)
    if target is None:
        raise ConfigInvalid(
            f"method '{spec.method}' needs '{name}', which nothing here provides",
            f"known: {', '.join(PARTS) or 'none'}; correct `needs` of its class",
        )
    module, _, function = target.partition(":")
    made: object = getattr(import_module(module), function)(options, settings)
    return made


def build_scorer(name: str, options: Mapping[str, object] | None = None, judges: Sequence[Engine] = ()) -> Scorer:
    """Raises UnknownName, ConfigInvalid, and MissingExtra when its sandbox is not installed."""
    given = dict(options or {})
    own = given.get(_BESIDE)
    if isinstance(own, Profile):
        from bakeoff.scorers.faithfulness import Beside, Faithfulness

        del given[_BESIDE]
        others = own.scorer in JUDGED and (given.get("by", "judge") != "judge" or bool(given.get("nli")))
        made = build_scorer(name, given, () if others else judges)  # the judges may be those of the profile alone
        assert isinstance(made, Faithfulness)  # what `profile_of` asks for
        return Beside(build_scorer(own.scorer, own.options, judges), made)
    if ".py:" in name:
        from bakeoff.scorers._custom import Custom

        return Custom(name, given)
    if name in JUDGED:
        if not judges:
            raise ConfigInvalid(f"scorer '{name}' asks a judge, and none is named", "name a model with --judge MODEL")
        given["judges"] = tuple(judges)
    elif name in MAY_BE_JUDGED:
        given["judges"] = tuple(judges)
    check_options(name, _maker(name), given, _EMBEDDER_PATHS if name == "similarity" else ())
    try:
        return _built_in(name, given)
    except TypeError as error:
        raise ConfigInvalid(
            f"scorer '{name}' does not take these options ({str(error).partition(') ')[2] or error})",
            f"correct one of: {', '.join(key for key in given if key != 'judges')}",
        ) from None


def _maker(name: str) -> Callable[..., object]:
    """What takes the options of a scorer. Raises UnknownName."""
    if name == "faithfulness":
        from bakeoff.app.knowledge_faithfulness import faithfulness_of

        return faithfulness_of
    return SCORERS.load(name)


def scorer_code(name: str) -> str:
    """Eight hex digits that stand for the file of a scorer of the user's own; empty for one that ships."""
    if ".py:" not in name:
        return ""
    path = Path(name.rpartition(":")[0])
    return blake2b(path.read_bytes(), digest_size=4).hexdigest() if path.is_file() else ""


def _built_in(name: str, given: Mapping[str, object]) -> Scorer:
    scorer: Scorer
    if name in ("code_calls", "code_tests"):
        from bakeoff.sandbox.choice import choose

        scorer = SCORERS.load(name)(choose(sandbox()), **given)
    elif name == "similarity":
        from bakeoff.retrieval.minilm import MiniLm

        words = {key: str(given[key]) for key in _EMBEDDER_PATHS if key in given}
        rest = {key: value for key, value in given.items() if key not in words}
        scorer = SCORERS.load(name)(MiniLm(**words), **rest)
    elif name == "faithfulness":
        from bakeoff.app import knowledge_faithfulness

        made: Any = knowledge_faithfulness.faithfulness_of  # wrong options are told by the caller
        scorer = made(**given)
    else:
        scorer = SCORERS.load(name)(**given)
    return scorer


class ExperimentTask:
    """One benchmark as one experiment asks it: its sampling parameters and seeds (core Task)."""

    def __init__(self, benchmark: Benchmark, spec: ExperimentSpec, profile: Profile) -> None:
        self._benchmark = benchmark
        self._spec = spec
        self._profile = profile

    @property
    def benchmark(self) -> Benchmark:
        return self._benchmark

    @property
    def profile(self) -> Profile:
        return self._profile

    @property
    def seed(self) -> int:
        return self._spec.seed

    def sampling(
        self, sample: Sample, repeat: int, stop: tuple[str, ...] = (), reasoned: bool = False, most: int | None = None
    ) -> Sampling:
        chosen = self._spec.sampling
        seed = None
        if chosen.temperature > 0:  # greedy calls take no seed, so experiments share their answers
            seed = derive_seed(self._spec.seed, "sampling", self._benchmark.name, sample.id, repeat)
        return Sampling(
            temperature=chosen.temperature,
            max_tokens=chosen.max_tokens or most or self._benchmark.max_tokens + (REASONING_TOKENS if reasoned else 0),
            top_p=chosen.top_p,
            stop=chosen.stop or stop,
            seed=seed,
            logprobs=chosen.logprobs,
        )


def profile_of(benchmark: Benchmark, spec: BenchmarkSpec) -> Profile:
    """The profile with the scorer and the options that the spec puts in their place. Raises UnknownName, ConfigInvalid.

    A scorer that is to stand beside the profile's own is handed the profile.
    """
    profile = benchmark.profile(spec.profile)
    if spec.scorer is None and not spec.options:
        return profile
    kept = profile.options if spec.scorer is None else {}
    options: dict[str, object] = {**kept, **spec.options}
    if spec.scorer in MAY_BE_JUDGED and options.get(_BESIDE) is True and profile.scorer != spec.scorer:
        if profile.ask != "generate":
            raise ConfigInvalid(
                f"profile '{profile.name}' grades no single reply, so '{spec.scorer}' cannot stand beside its score",
                "choose a profile that asks for a reply, such as --profile bakeoff",
            )
        options[_BESIDE] = profile
    return replace(profile, scorer=spec.scorer or profile.scorer, options=options)
