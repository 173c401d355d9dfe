"""The library beside AWS's generators, on Linux, as tables in Markdown. Nothing is asserted."""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import statistics
import tempfile
from base64 import b64encode
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from timeit import Timer

from aws_bedrock_token_generator import BedrockTokenGenerator, provide_token
from botocore.credentials import Credentials

from bedrock_token_generator import get_token, get_token_provider
from measure import (
    JavaScript,
    Side,
    answer,
    import_times,
    in_threads,
    process,
    python,
    shares,
    take_turns,
)
from report import Report, duration, machine, versions

REGION = "us-east-1"
KEYS = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
SIZES = (100, 1000, 4000, 8000)  # Of session tokens, in bytes.

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
LOADED = """
import json, sys, bedrock_token_generator
print(json.dumps(sorted({"asyncio", "botocore.session"} & sys.modules.keys())))
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

# The functions that a new token passes, and the steps that they are.
STEPS = {
    "signature": "the signature: HMAC-SHA256, five times (botocore)",
    "canonical_request": "the canonical request (botocore)",
    "string_to_sign": "the string to sign: SHA-256 (botocore)",
    "percent_encode": "percent-encoding (botocore, urllib)",
    "presign": "the request and its URL",
    "encode": "base64 and `Token`",
    "freeze": "checking the keys",
    "get_token": "checking the arguments, and the rest",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python tests/benchmarks", description=__doc__)
    parser.add_argument(
        "--js",
        metavar="FOLDER",
        type=Path,
        default=Path(),
        help="where @aws/bedrock-token-generator is installed, in node_modules (default: here)",
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=40,
        help="rounds of whole processes; of calls, ten times as many (default: %(default)s)",
    )
    parser.add_argument(
        "--write",
        metavar="PAGE",
        type=Path,
        help="also put the tables into this page, between its comments 'measured' and 'end'",
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        isolate(home)
        report = measure(options.rounds, options.js)
    if options.write:
        page = options.write.read_text(encoding="utf-8")
        page = re.sub(
            r"(?<=<!-- measured -->\n).*(?=<!-- end -->)",
            lambda _: f"\n{report}\n",
            page,
            flags=re.S,
        )
        options.write.write_text(page, encoding="utf-8")


def isolate(home: str) -> None:
    """No AWS setting of this machine; and bytecode is kept for the library as for its peers."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "BOTO")):
            del os.environ[name]
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = f"{home}/bytecode"
    os.environ["HOME"] = home
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["AWS_REGION"] = REGION
    os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"] = KEYS
    os.environ["AWS_SESSION_TOKEN"] = session_token(1000)


def session_token(size: int) -> str:
    """Base64, as AWS's are: some three characters in a hundred have to be percent-encoded."""
    return b64encode(random.Random(size).randbytes(size))[:size].decode()


def measure(rounds: int, js: Path) -> str:
    package = js / "node_modules/@aws/bedrock-token-generator"
    javascript = JavaScript(js) if shutil.which("node") and package.is_dir() else None
    report = Report()
    report.line(f"{machine()}, {versions(package if javascript else None)}.")
    report.header("ratio (median)", "bar", "what", "beside", "here / there")
    warm(report, 10 * rounds, javascript)
    new_tokens(report, 10 * rounds)
    threads(report, rounds)
    processes(report, rounds, javascript)
    calls = many_calls(report)
    memory(report, rounds, calls)
    sizes(report, 10 * rounds)
    profile(report, rounds)
    if javascript:
        javascript.close()
    return "\n".join(report.lines)


def warm(report: Report, rounds: int, javascript: JavaScript | None) -> None:
    what = "a warm provider, environment credentials"
    sides = {"ours": warm_provider(), "aws": (1, Timer(provide_token).timeit)}
    if javascript:
        sides["js"] = (200, javascript)
    times = take_turns(rounds, **sides)
    report.faster(what, "AWS's `provide_token()`", times["ours"], times["aws"], bar=5000)
    if javascript:
        report.faster(what, "AWS's JavaScript provider", times["ours"], times["js"], bar=25)
    end = datetime.now(timezone.utc) + timedelta(hours=11)
    os.environ["AWS_CREDENTIAL_EXPIRATION"] = end.isoformat()
    times = take_turns(rounds, ours=warm_provider(), aws=(1, Timer(provide_token).timeit))
    del os.environ["AWS_CREDENTIAL_EXPIRATION"]
    what = "the same, with credentials that refresh"
    report.faster(what, "AWS's `provide_token()`", times["ours"], times["aws"], bar=400)


def warm_provider() -> Side:
    provider = get_token_provider()
    provider()
    return 200, Timer(provider).timeit


def new_tokens(report: Report, rounds: int) -> None:
    for keys, size in (("long-term keys", 0), ("keys with a session token of 1,000 B", 1000)):
        times = take_turns(rounds, **new_token(size))
        what = f"a new token each time, {keys} given"
        report.time(what, "AWS's `BedrockTokenGenerator`", times["ours"], times["aws"], bar=1.0)


def new_token(size: int) -> dict[str, Side]:
    credentials = Credentials(*KEYS, session_token(size) or None)

    def ours() -> str:
        return get_token(credentials=credentials, region=REGION)

    def aws() -> str:
        return BedrockTokenGenerator().get_token(credentials, REGION)

    # A second may end between the two, but not three times.
    if all(ours() != aws() for _ in range(3)):
        raise SystemExit("The two make different tokens: nothing to compare.")
    return {"ours": (25, Timer(ours).timeit), "aws": (25, Timer(aws).timeit)}


def threads(report: Report, rounds: int) -> None:
    provider = get_token_provider()
    provider()
    one, many = ((160_000, in_threads(count, provider)) for count in (1, 16))
    times = take_turns(rounds, many=many, one=one)
    what = "the calls of 16 threads on one provider"
    report.faster(what, "those of one thread", times["many"], times["one"], bar=0.8)


def processes(report: Report, rounds: int, javascript: JavaScript | None) -> None:
    sides = {
        "ours_given": python(OURS_GIVEN),
        "aws_given": python(AWS_GIVEN),
        "ours_chain": python(OURS_CHAIN),
        "aws_chain": python(AWS_CHAIN),
        "session": python(SESSION),
        "import": python("import bedrock_token_generator"),
        "auth": python("import botocore.auth"),
        "credentials": python("import botocore.auth, botocore.credentials"),
        "nothing": python(""),
    }
    if javascript:
        sides["js"] = process(*javascript.command)
    times = take_turns(rounds, **{side: (1, timer) for side, timer in sides.items()})
    what = "import and first token, credentials given, whole process"
    report.time(what, "AWS's Python package", times["ours_given"], times["aws_given"], bar=0.85)
    what = "the least that this can be: `import botocore.auth, botocore.credentials`"
    report.time(what, "AWS's Python package", times["credentials"], times["aws_given"])
    what = "import and first token, environment credentials, whole process"
    ours = times["ours_chain"]
    report.time(what, "AWS's Python package", ours, times["aws_chain"], bar=1.0)
    report.time(what, "botocore's `Session().get_credentials()`", ours, times["session"], bar=1.05)
    if javascript:
        report.time(what, "AWS's JavaScript package", ours, times["js"])
    what = "`import bedrock_token_generator`, whole process"
    for beside, side in (
        ("`import botocore.auth`", "auth"),
        ("`import botocore.auth, botocore.credentials`", "credentials"),
        ("no import", "nothing"),
    ):
        report.time(what, beside, times["import"], times[side])
    loaded = " and ".join(answer(LOADED)) or "neither `asyncio` nor `botocore.session`"
    report.line()
    report.line(f"`import bedrock_token_generator` loads {loaded}.")


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
        "at most 1 MB" if ours - session <= 1 else "at most 1 MB **missed**",
        "a provider and its first token, over botocore's `Session().get_credentials()` "
        f"({session:.1f} MB)",
    )
    report.row(
        f"{(after[last] - after[first]) / 1e3:+.0f} kB",
        "no growth",
        f"a process, from {first:,} to {last:,} calls of its provider",
    )


def sizes(report: Report, rounds: int) -> None:
    rows: dict[str, list[str]] = {"warm": [], "ours": [], "aws": []}
    for size in SIZES:
        os.environ["AWS_SESSION_TOKEN"] = session_token(size)
        times = take_turns(rounds, warm=warm_provider(), **new_token(size))
        for side, cells in rows.items():
            cells.append(duration(min(times[side])))
    report.header("session token of", *(f"{size:,} B" for size in SIZES))
    report.row("a warm provider", *rows["warm"])
    report.row("a new token each time", *rows["ours"])
    report.row("the same by AWS's Python package", *rows["aws"])


def profile(report: Report, rounds: int) -> None:
    report.header("share", "with a session token", "step of a new token")
    columns = []
    for size in (0, 1000):
        _, timer = new_token(size)["ours"]
        columns.append(shares(partial(timer, 1000), STEPS, seconds=rounds / 8))
    for step in columns[0]:
        report.row(*(f"{share[step]:.0%}" for share in columns), step)
    packages = import_times("bedrock_token_generator", rounds)
    report.header("time", "own code of the modules that the import loads")
    for package in ("bedrock_token_generator", "botocore", "urllib3"):
        report.row(duration(packages.pop(package)), f"`{package}`")
    report.row(duration(sum(packages.values())), "all others, the standard library's mostly")


if __name__ == "__main__":
    main()
