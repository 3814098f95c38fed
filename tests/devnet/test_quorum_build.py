"""How GoQuorum comes to be: built once, found again, and what is said where it cannot be built."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tallystick_devnet.engines.network.building import find_quorum
from tallystick_devnet.engines.network.gobuild import Progress
from tallystick_devnet.engines.network.showing import shown
from tallystick_devnet.errors import (
    CompilerMissing,
    GoMissing,
    GoTooOld,
    QuorumBuildFailed,
    QuorumModulesMissing,
    QuorumProgramWrong,
)
from tests.devnet.support import until

GO = """#!/bin/sh
# Stands for Go where the point is what is done with it, not what it compiles.
case "$1 $*" in
  env*) printf 'go1.99.0\\n%s\\nsh\\n' "$GOFLAGS" ;;
  *-n*) for i in 1 2 3; do echo "/go/compile -o \\$WORK/b00$i/_pkg_.a"; done ;;
  *) echo "$GOFLAGS $CGO_ENABLED $GOWORK" >> "$BUILDS"
     echo one/one; echo two; echo '# two'; echo 'warning: three'; sleep ${SLOWLY:-0}; echo three.org/x
     out=; while [ $# -gt 0 ]; do [ "$1" = -o ] && out=$2; shift; done
     printf '#!/bin/sh\\necho "${SAYS:-Geth quorum}"\\n' > "$out"; chmod +x "$out" ;;
esac
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, and no program named."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TALLY_QUORUM", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Go that takes no time, and the file in which it notes each build."""
    script(tmp_path / "bin" / "go", GO)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("BUILDS", str(tmp_path / "builds"))
    return tmp_path / "builds"


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def silently(_: Progress) -> None:
    pass


def test_it_is_built_once_and_found_again(builds: Path, cache: Path) -> None:
    program = find_quorum(silently)
    assert program == find_quorum(silently)
    assert program.is_relative_to(cache / "tallystick" / "quorum")
    assert len(builds.read_text().splitlines()) == 1
    assert {path.name for path in program.parent.iterdir()} == {"geth", "build.lock", "build.log"}


def test_another_go_builds_its_own_and_without_go_an_earlier_one_serves(
    builds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = find_quorum(silently)
    script(tmp_path / "bin" / "go", GO.replace("1.99.0", "1.100.1"))
    second = find_quorum(silently)
    assert first != second
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_quorum(silently) in {first, second}


def test_the_users_goflags_are_kept_but_the_modules_are_read_only(
    builds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOFLAGS", "-buildvcs=false -mod=mod -p=2")
    find_quorum(silently)
    assert builds.read_text() == "-buildvcs=false -p=2 -mod=readonly 1 off\n"


def test_two_that_need_it_at_once_build_it_once(builds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOWLY", "1")
    ask = "from tallystick_devnet.engines.network.building import find_quorum; print(find_quorum(lambda at: None))"
    both = [subprocess.Popen([sys.executable, "-c", ask], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = {process.communicate()[0] for process in both}
    assert len(said) == 1
    assert [process.returncode for process in both] == [0, 0]
    assert len(builds.read_text().splitlines()) == 1


def test_a_build_that_is_interrupted_leaves_nothing_that_could_be_taken_for_it(
    builds: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOWLY", "600")

    def interrupt(at: Progress) -> None:
        if at.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_quorum(interrupt)
    assert [path.name for path in cache.rglob("geth*")] == []
    monkeypatch.setenv("SLOWLY", "0")
    assert find_quorum(silently).exists()


def test_how_far_it_is_is_told_in_packages_and_shown_in_plain_lines(
    builds: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[Progress] = []
    with shown() as show:
        find_quorum(lambda at: (told.append(at), show(at))[0])
    assert next((at.done, at.total) for at in told if at.stage == "compiling") == (0, 3)
    assert (told[-1].stage, told[-1].done, told[-1].total) == ("linking", 3, 3)
    lines = capfd.readouterr().err.splitlines()
    assert "compiling, 0 of 3 packages" in lines[0]
    assert "stand-in for Besu" in lines[0]


# ---------------------------------------------------------------- what is said where it cannot be built


def test_without_go_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(GoMissing) as why:
        find_quorum(silently)
    assert "go.dev/dl" in why.value.advice


@pytest.mark.parametrize("version", ["go1.22.9", "go1.4", "devel"])
def test_a_go_that_is_too_old_is_named(builds: Path, tmp_path: Path, version: str) -> None:
    script(tmp_path / "bin" / "go", GO.replace("go1.99.0", version))
    with pytest.raises(GoTooOld, match=r"1\.23") as why:
        find_quorum(silently)
    assert why.value.values["found"] == version


def test_a_go_that_cannot_be_run_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "bin" / "go", "#!/bin/sh\necho 'no GOROOT' >&2; exit 2\n")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(GoMissing, match="no GOROOT"):
        find_quorum(silently)


def test_without_a_c_compiler_it_says_what_to_install(builds: Path, tmp_path: Path) -> None:
    script(tmp_path / "bin" / "go", GO.replace("\\nsh\\n", "\\nno-such-cc -g\\n"))
    with pytest.raises(CompilerMissing, match="no-such-cc") as why:
        find_quorum(silently)
    assert "gcc" in why.value.advice


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ('go: x@v1: Get "https://proxy": dial tcp: lookup proxy: no such host', QuorumModulesMissing),
        ("go: x@v1: reading https://proxy/x: 404 Not Found", QuorumModulesMissing),
        ("go: x@v1: module lookup disabled by GOPROXY=off", QuorumModulesMissing),
        ('cgo: C compiler "gcc" not found: exec: "gcc": executable file not found in $PATH', CompilerMissing),
        ("_cgo_export.c:3:10: fatal error: stdlib.h: No such file or directory", CompilerMissing),
        ("write /tmp/x: no space left on device", QuorumBuildFailed),
    ],
)
def test_what_hindered_a_build_is_said_by_its_kind(
    builds: Path, tmp_path: Path, said: str, kind: type[Exception]
) -> None:
    fails = f"  *) cat <<'END'\n{said}\nEND\nexit 1 ;;\n  never)"
    script(tmp_path / "bin" / "go", GO.replace("  *) echo", f"{fails} echo"))
    with pytest.raises(kind, match=said.rsplit(":", 1)[-1].strip().replace("$", ".")):
        find_quorum(silently)


def test_what_was_built_must_run_and_be_goquorum(builds: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAYS", "Geth")
    with pytest.raises(QuorumBuildFailed, match="does not call itself GoQuorum"):
        find_quorum(silently)
    assert [path.name for path in cache.rglob("geth*")] == []


def test_a_cache_that_cannot_be_written_is_said(builds: Path, cache: Path) -> None:
    cache.write_text("a file")
    with pytest.raises(QuorumBuildFailed, match=str(cache)):
        find_quorum(silently)


@pytest.mark.parametrize("named", ["/nowhere/geth", "/etc/hostname", "/bin/true"])
def test_a_program_that_is_named_must_be_goquorum(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLY_QUORUM", named)
    with pytest.raises(QuorumProgramWrong) as why:
        find_quorum(silently)
    assert named in str(why.value)


def test_a_program_that_is_named_is_taken_without_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = script(tmp_path / "bin" / "mine", "#!/bin/sh\necho Quorum Version: 22.7.4\n")
    monkeypatch.setenv("TALLY_QUORUM", str(named))
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_quorum(silently) == named


# ---------------------------------------------------------------- with the Go of this machine


@pytest.mark.skipif(shutil.which("go") is None, reason="there is no go on PATH")
def test_without_a_network_the_real_go_says_that_the_source_could_not_be_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    with pytest.raises(QuorumModulesMissing):
        find_quorum(silently)


@pytest.mark.skipif(shutil.which("go") is None, reason="there is no go on PATH")
def test_a_real_build_that_is_interrupted_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Path
) -> None:
    monkeypatch.setenv("GOCACHE", str(tmp_path / "gocache"))  # so that everything is to be compiled
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    seen: list[Progress] = []

    def interrupt(at: Progress) -> None:
        seen.append(at)
        if at.done >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_quorum(interrupt)
    assert seen[-1].total > 500
    assert list((tmp_path / "tmp").iterdir()) == []
    assert {path.name for path in cache.rglob("*") if path.is_file()} == {"build.lock", "build.log"}
    until(lambda: not _running_in(tmp_path))


def _running_in(folder: Path) -> list[str]:
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in found.splitlines() if str(folder) in line]
