from __future__ import annotations

from reports.__main__ import main


def test_the_command_writes_page_and_figures(run_folder, capsys):
    assert main([str(run_folder)]) == 0
    assert capsys.readouterr().out.strip() == str(run_folder / "report.html")
    names = {path.name for path in (run_folder / "figures").iterdir()}
    assert {"ratios.svg", "ratios.png", "loss-per-step.svg", "loss-per-step.png"} <= names
    assert len(names) == 18
    assert not list(run_folder.glob(".*.tmp"))


def test_the_command_takes_several_folders_and_a_file(run_folder, sweep_folder, tmp_path):
    out = tmp_path / "new" / "all.html"
    assert main([str(run_folder), str(sweep_folder), "--out", str(out)]) == 0
    assert "6 runs" in out.read_text(encoding="utf-8")


def test_the_command_refuses_in_one_line(tmp_path, run_folder, capsys):
    assert main([str(tmp_path / "nowhere")]) == 2
    (tmp_path / "empty").mkdir()
    assert main([str(tmp_path / "empty")]) == 2
    assert main([str(run_folder), "--out", str(tmp_path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert not any("Traceback" in line for line in lines)


def test_links_in_the_way_are_not_written_through(run_folder, tmp_path, capsys):
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "place").mkdir()
    (run_folder / "report.html").symlink_to(tmp_path / "precious")
    (run_folder / "figures").symlink_to(tmp_path / "place")
    assert main([str(run_folder)]) == 0
    assert (tmp_path / "precious").read_text() == "mine"
    assert not list((tmp_path / "place").iterdir())
    assert "is a link" in capsys.readouterr().err
