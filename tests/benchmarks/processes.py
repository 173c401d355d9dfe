"""The rows about whole processes: their start, their imports, their memory."""

from __future__ import annotations

import statistics

from measure import JavaScript, answer, import_times, process, python, take_turns
from report import Report, bar_of, duration
from sources import KEYS, REGION

GIVEN = f"from botocore.credentials import Credentials; credentials = Credentials{KEYS}\n"
OURS_GIVEN = f"""{GIVEN}
from bedrock_token_generator import get_token
get_token(credentials=credentials, region={REGION!r})
"""
AWS_GIVEN = f"""{GIVEN}
from aws_bedrock_token_generator import BedrockTokenGenerator
BedrockTokenGenerator().get_token(credentials, {REGION!r})
"""
OURS_CHAIN = "from bedrock_token_generator import get_token; get_token()"
AWS_CHAIN = "from aws_bedrock_token_generator import provide_token; provide_token()"
SESSION = "from botocore.session import Session; Session().get_credentials()"
LOADED = f"""
import json, sys
{OURS_CHAIN}
print(json.dumps(sorted({{"asyncio", "botocore.session"}} & sys.modules.keys())))
"""
MEMORY = """
import resource
def memory():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
"""
PROVIDER = f"""{MEMORY}
from bedrock_token_generator import get_token_provider
provider = get_token_provider()
provider()
"""
MANY_CALLS = f"""{PROVIDER}
import json, timeit
counts = [10**power for power in range(8)]
print(json.dumps([(n, timeit.timeit(provider, number=n) / n, memory()) for n in counts]))
"""


def processes(report: Report, rounds: int, javascript: JavaScript | None) -> None:
    sides = {
        "ours_given": python(OURS_GIVEN),
        "aws_given": python(AWS_GIVEN),
        "ours_chain": python(OURS_CHAIN),
        "aws_chain": python(AWS_CHAIN),
        "import": python("import bedrock_token_generator"),
        "aws_import": python("import aws_bedrock_token_generator"),
        "auth": python("import botocore.auth, botocore.credentials"),
        "nothing": python(""),
    }
    if javascript:
        sides["js"] = process(*javascript.command)
    times = take_turns(rounds, **{side: (1, timer) for side, timer in sides.items()})
    aws = "AWS's Python package"
    for side, name in (("chain", "in the environment"), ("given", "given")):
        what = f"a new process and its first token, keys {name}"
        report.time(what, aws, times[f"ours_{side}"], times[f"aws_{side}"], bar=0.88)
    if javascript:
        what = "a new process and its first token, keys in the environment"
        report.time(what, "AWS's JavaScript package", times["ours_chain"], times["js"])
    what = "a new process with the import alone"
    report.time(what, aws, times["import"], times["aws_import"])
    what = "the least that this can be: `import botocore.auth, botocore.credentials`"
    report.time(what, aws, times["auth"], times["aws_import"])
    what = "a new process with the import alone"
    report.time(what, "a process without an import", times["import"], times["nothing"])
    loaded = " and ".join(answer(LOADED)) or "neither `asyncio` nor `botocore.session`"
    report.line()
    report.line(f"A process that makes one token of keys in the environment loads {loaded}.")


def many_calls(report: Report) -> dict[int, int]:
    """Return the memory after so many calls."""
    calls = answer(MANY_CALLS)
    report.header("calls of one provider", *(f"{count:,}" for count, _, _ in calls))
    report.row("each", *(duration(seconds) for _, seconds, _ in calls))
    return {count: memory for count, _, memory in calls}


def memory(report: Report, rounds: int, after: dict[int, int]) -> None:
    sides = {
        "ours": f"{PROVIDER}\nprint(memory())",
        "session": f"{MEMORY}\n{SESSION}\nprint(memory())",
    }
    found: dict[str, list[int]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side, code in sides.items():
            found[side].append(answer(code))
    ours, session = (statistics.median(found[side]) / 1e6 for side in sides)
    first, last = 1000, max(after)
    report.header("resident memory", "bar", "what")
    report.row(
        f"{ours - session:+.2f} MB",
        bar_of("at most 1 MB", met=ours - session <= 1),
        "a provider and its first token, over botocore's `Session().get_credentials()` "
        f"({session:.1f} MB)",
    )
    report.row(
        f"{(after[last] - after[first]) / 1e3:+.0f} kB",
        "no growth",
        f"a process, from {first:,} to {last:,} calls of its provider",
    )


def imports(report: Report, rounds: int) -> None:
    packages = import_times("bedrock_token_generator", rounds)
    report.header("time", "own code of the modules that the import loads")
    for package in ("bedrock_token_generator", "botocore", "urllib3"):
        report.row(duration(packages.pop(package)), f"`{package}`")
    report.row(duration(sum(packages.values())), "all others, the standard library's mostly")
