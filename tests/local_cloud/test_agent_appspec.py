"""The agent's verdict on an appspec, as the real one's was observed."""

from pathlib import Path

import pytest

from local_cloud.agent.codedeploy_agent import acls, appspec
from local_cloud.agent.codedeploy_agent.errors import AppSpecError

HEAD = "version: 0.0\nos: linux\n"


class TestVersionAndSystem:
    @pytest.mark.parametrize("version", ["0.0", "0", "0.00"])
    def test_a_number_equal_to_zero_is_the_version(self, version: str) -> None:
        assert appspec.parse(f"version: {version}\nos: linux\n").files == ()

    @pytest.mark.parametrize("version", ['"0.0"', "1.0", "false", ""])
    def test_anything_else_is_refused(self, version: str) -> None:
        with pytest.raises(AppSpecError, match="invalid version value"):
            appspec.parse(f"version: {version}\nos: linux\n")

    @pytest.mark.parametrize("system", ["Linux", "windows", ""])
    def test_only_linux_is_supported(self, system: str) -> None:
        with pytest.raises(AppSpecError, match="unsupported operating system"):
            appspec.parse(f"version: 0.0\nos: {system}\n")


class TestDocument:
    @pytest.mark.parametrize("text", ["", "- a\n", "just text"])
    def test_it_must_hold_settings(self, text: str) -> None:
        with pytest.raises(AppSpecError):
            appspec.parse(text)

    def test_broken_yaml_is_named(self) -> None:
        with pytest.raises(AppSpecError, match="not valid YAML"):
            appspec.parse(HEAD + "files: [")

    def test_aliases_are_refused(self) -> None:
        with pytest.raises(AppSpecError, match="Alias"):
            appspec.parse(HEAD + "a: &x {b: 1}\nc: *x\n")

    def test_dates_are_refused(self) -> None:
        with pytest.raises(AppSpecError, match="Date"):
            appspec.parse(HEAD + "released: 2026-11-22\n")

    def test_unknown_keys_are_read_over(self) -> None:
        assert appspec.parse(HEAD + "colour: green\n").hooks == {}

    def test_the_last_of_two_equal_keys_wins(self) -> None:
        parsed = appspec.parse(
            HEAD + "hooks:\n  AfterInstall:\n  - location: a\nhooks:\n  AfterInstall:\n  - location: b\n"
        )
        assert [script.location for script in parsed.hooks["AfterInstall"]] == ["b"]

    def test_a_misspelt_hook_is_kept_and_never_run(self) -> None:
        assert "AfterInstal" in appspec.parse(HEAD + "hooks:\n  AfterInstal:\n  - location: a\n").hooks


class TestHooks:
    def test_a_script_without_location_is_refused(self) -> None:
        with pytest.raises(AppSpecError, match="no location value"):
            appspec.parse(HEAD + "hooks:\n  AfterInstall:\n  - timeout: 3\n")

    @pytest.mark.parametrize(("given", "seconds"), [("300", 300), ('"300s"', 300), ("1.9", 1)])
    def test_timeouts_are_numbers_however_they_are_written(self, given: str, seconds: int) -> None:
        parsed = appspec.parse(HEAD + f"hooks:\n  AfterInstall:\n  - {{location: a, timeout: {given}}}\n")
        assert parsed.hooks["AfterInstall"][0].timeout == seconds

    def test_a_script_has_an_hour(self) -> None:
        assert (
            appspec.parse(HEAD + "hooks: {AfterInstall: [{location: a}]}").hooks["AfterInstall"][0].timeout
            == 3600
        )

    @pytest.mark.parametrize("given", ["0", "-1", "soon"])
    def test_no_time_at_all_is_refused(self, given: str) -> None:
        with pytest.raises(AppSpecError, match="invalid timeout value"):
            appspec.parse(HEAD + f"hooks:\n  AfterInstall:\n  - {{location: a, timeout: {given}}}\n")

    @pytest.mark.parametrize("nothing", ["", " {}", " []", " false"])
    def test_an_event_without_scripts_does_nothing(self, nothing: str) -> None:
        parsed = appspec.parse(
            HEAD + f"hooks:\n  BeforeInstall:{nothing}\n  AfterInstall:\n  - location: a.sh\n"
        )
        assert not parsed.hooks.get("BeforeInstall")
        assert len(parsed.hooks["AfterInstall"]) == 1


class TestFiles:
    def test_a_destination_needs_a_source(self) -> None:
        with pytest.raises(AppSpecError, match="no source file"):
            appspec.parse(HEAD + "files:\n- destination: /a\n")

    def test_a_source_needs_a_destination(self) -> None:
        with pytest.raises(AppSpecError, match=r"only a source file \(/a\)"):
            appspec.parse(HEAD + "files:\n- source: /a\n")


class TestPermissions:
    def test_an_unquoted_octal_mode_is_the_number_it_reads_as(self) -> None:
        assert appspec.parse(HEAD + "permissions:\n- {object: /a, mode: 0644}\n").permissions[0].mode == "420"

    @pytest.mark.parametrize(("given", "mode"), [("644", "644"), ('"0644"', "0644"), ("4", "004")])
    def test_modes(self, given: str, mode: str) -> None:
        parsed = appspec.parse(HEAD + f"permissions:\n- {{object: /a, mode: {given}}}\n")
        assert parsed.permissions[0].mode == mode

    @pytest.mark.parametrize(
        ("entry", "message"),
        [
            ("{mode: 644}", "no object value"),
            ("{object: /a, mode: 689}", r"invalid character \(8\)"),
            ("{object: /a, mode: '06444'}", "length of a permissions mode"),
            ("{object: /a, type: [socket]}", r"not supported for permissions \(socket\)"),
            ("{object: /a, type: file}", "must be a list"),
            ("{object: /a, context: {name: u}}", "invalid context type"),
            ("{object: /a, acls: ['u::rwx']}", "Use mode to set the base acl"),
            ("{object: /a, acls: ['bob']}", "Invalid acl entry"),
            ("{object: /a, acls: ['u:bob:rwz']}", r"invalid character \(z\)"),
        ],
    )
    def test_refusals(self, entry: str, message: str) -> None:
        with pytest.raises(AppSpecError, match=message):
            appspec.parse(HEAD + f"permissions:\n- {entry}\n")


class TestAccessControlLists:
    @pytest.mark.parametrize(
        ("given", "read"),
        [
            ("bob:7", "user:bob:rwx"),
            ("g:web:rx", "group:web:r-x"),
            ("m::rw", "mask::rw-"),
            ("mask:r", "mask::r--"),
            ("d:u:bob:rwx", "default:user:bob:rwx"),
            ("d:o:0", "default:other::---"),
        ],
    )
    def test_entries(self, given: str, read: str) -> None:
        assert str(acls.parse_entry(given)) == read

    def test_the_base_entries_come_from_the_mode(self) -> None:
        assert listed("u:bob:rwx").complete(0o640) == [
            "user:bob:rwx",
            "user::rw-",
            "group::r--",
            "other::---",
            "mask::r--",
        ]

    def test_default_entries_are_completed_too(self) -> None:
        assert listed("d:u:bob:rwx").complete(0o755)[-4:] == [
            "default:user::rwx",
            "default:group::r-x",
            "default:other::r-x",
            "default:mask::r-x",
        ]

    def test_the_first_objects_mask_is_everyones(self) -> None:
        entries = listed("u:bob:rwx")
        entries.complete(0o640)
        second = entries.complete(0o777)
        assert [entry for entry in second if entry.startswith("mask")] == ["mask::r--"]
        assert second[-3:] == ["user::rwx", "group::rwx", "other::rwx"]


def listed(entry: str) -> acls.AccessControlList:
    return acls.AccessControlList((acls.parse_entry(entry),))


class TestLocate:
    def test_install_finds_the_other_spelling(self, tmp_path: Path) -> None:
        (tmp_path / "appspec.yaml").touch()
        assert appspec.locate(tmp_path, "appspec.yml", install=True).name == "appspec.yaml"

    def test_hooks_do_not(self, tmp_path: Path) -> None:
        (tmp_path / "appspec.yaml").touch()
        with pytest.raises(AppSpecError, match="did not find an AppSpec file"):
            appspec.locate(tmp_path, "appspec.yml")
