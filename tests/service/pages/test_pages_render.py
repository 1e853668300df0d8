"""What a page says."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from stoker.base.states import RunStatus
from stoker.service.pages import RunsView, RunView, render_login, render_message, render_run, render_runs


def text_of(page: str) -> str:
    body = re.sub(r"<(head|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def with_run(view: RunView, **changes: Any) -> RunView:
    return replace(view, run={**view.run, **changes})


@pytest.mark.parametrize(
    "fact",
    [
        "patient-heron",
        "Completed",
        "Ridge, swept over alpha",
        "run 7",
        "the sweep",
        "2026-01-01 23:51:00 UTC",
        "1 m 30 s",
        "cpu-cluster 2 nodes",
        "ada",
        "diabetes_1767311000_0a1b2c3d",
        "1.1.3 was taken",
        "rmse 56.6123",
        "about loss",
        "1 value is not finite: a gap",
        "feature weight bmi 0.52",
        "value a b",
        "fold 1 Running",
        "1 m 0 s",
        "model ridge best",
        "Inputs 3 Name Data Delivery Size",
        "train patients:3 data set, table mount 1 file, 12.0 kB be5e27b41c94",
        "raw blob/raw path download",
        "iris iris data set",
        "Outputs 1",
        "clean blob/dataset/clean data set, files upload 3 files",
        "Models 2",
        "ridge:2 registered ScikitLearn 1.5 2.0 kB stoker model download ridge:2",
        "forest logged MLflow",
        "Images 1 outputs/shap.svg",
        "hello",
        "The first 1.0 kB are left out here",
        "outputs/a b#1.bin being written 1.5 kB",
        "train.py --alpha 0.1 --fast",
        "--alpha 0.1 --fast",
        "sklearn 3",
        "numpy 1.26.4 scipy 1.14.1",
        "Python 3.6 to 3.11",
        "scikit-learn 1.1.0 to 1.1.3",
        "Branch main Uncommitted changes True",
        "0f3e2d1c-aaaa-5bbb-8ccc-123456789abc 12 files, 48.0 kB",
        "CPU time 1 m 3 s",
        "Memory, peak 412.0 MB",
        "CPU, % peak 92",
        "GPU, % peak 40",
        "stoker run rerun diabetes_1767311000_0a1b2c3d",
    ],
)
def test_a_runs_page_says(view: RunView, fact: str) -> None:
    assert fact in text_of(render_run(view))


@pytest.mark.parametrize(
    "address",
    [
        "/runs/parent-1",
        "/runs/child-1",
        "/?experiment=diabetes",
        "/runs/diabetes_1767311000_0a1b2c3d/files/outputs/a%20b%231.bin",
        "/runs/diabetes_1767311000_0a1b2c3d/files/user_logs/std_log.txt",
        "?log=user_logs%2Fstd_log.txt#log",
        "/api/v1/snapshots/0f3e2d1c-aaaa-5bbb-8ccc-123456789abc/archive",
    ],
)
def test_a_runs_page_links_to(view: RunView, address: str) -> None:
    assert f'href="{address}"' in render_run(view)


def test_an_image_that_a_metric_names_is_shown(view: RunView) -> None:
    assert '<img src="/runs/diabetes_1767311000_0a1b2c3d/files/images/plot.png" alt="plot"' in render_run(view)


def test_an_image_among_the_files_is_shown_once(view: RunView) -> None:
    page = render_run(view)

    assert page.count('<img src="/runs/diabetes_1767311000_0a1b2c3d/files/outputs/shap.svg"') == 1
    assert page.count("<img ") == 2


def test_a_chart_that_is_a_file_leads_to_it(view: RunView) -> None:
    metrics = {
        "matrix": "aml://artifactId/diabetes_1767311000_0a1b2c3d/charts/matrix_1.json",
        "lost": "aml://artifactId/x/y",
    }

    page = render_run(replace(view, metrics=metrics, files=[{"name": "charts/matrix_1.json", "size": 9}]))

    path = "/runs/diabetes_1767311000_0a1b2c3d/files/charts/matrix_1.json"
    link = f'href="{path}" title="charts/matrix_1.json">matrix_1.json</a>'
    assert link in page
    assert "aml://artifactId/x/y" in page


def test_a_run_without_data_has_no_empty_sections_of_it(view: RunView) -> None:
    page = render_run(replace(view, lineage={}, files=[]))

    assert not any(f'id="{name}"' in page for name in ("inputs", "outputs", "models", "images"))


def test_a_model_that_was_deleted_is_still_named(view: RunView) -> None:
    gone: dict[str, Any] = {
        "kind": "model",
        "ref": "old:1",
        "name": "old",
        "label": "old:1",
        "details": {},
        "record": None,
    }

    page = text_of(render_run(replace(view, lineage={"inputs": [], "outputs": [gone]})))

    assert "old:1 deleted since" in page
    assert "model download" not in page


def test_charts_have_a_line_for_each_column(view: RunView) -> None:
    page = render_run(view)

    assert 'aria-label="Chart of loss"' in page
    chart = page.split('aria-label="Chart of score"')[1].split("</svg>")[0]
    assert chart.count("<path") == 2


def test_a_table_whose_rows_have_names_is_not_drawn(view: RunView) -> None:
    points = [[[0.0, None, "a"], [0.0, None, "b"]], [[0.0, None, 1.0], [0.0, None, 2.5]]]
    columns = [{"name": "weights", "column": name, "points": part} for name, part in zip("xy", points, strict=True)]

    page = render_run(replace(view, metrics={"weights": {"x": ["a", "b"], "y": [1.0, 2.5]}}, series=columns))

    assert "Chart of weights" not in page
    assert "weights 2 rows x y a 1 b 2.5" in text_of(page)


def test_the_users_logs_come_first(view: RunView) -> None:
    logs = [{"name": name, "size": 1} for name in ("system_logs/a.txt", "user_logs/std_log.txt")]

    page = render_run(replace(view, logs=logs))

    assert page.index("?log=user_logs") < page.index("?log=system_logs")


def test_the_way_of_the_live_update_is_on_the_page(view: RunView) -> None:
    page = render_run(replace(with_run(view, status="Running", ended=None), cursor="v=12"))

    assert 'data-live="yes"' in page
    assert 'data-cursor="v=12"' in page
    assert 'data-offset="2048"' in page
    assert 'data-live="no"' in render_run(view)


def test_an_error_is_told_in_words_with_the_end_of_the_log(view: RunView) -> None:
    log = "\n".join(f"line {number}" for number in range(40))
    error = {"code": "UserError", "message": "The script ended with exit code 1.\nCorrect it.", "details": {}}

    page = render_run(replace(with_run(view, status="Failed", error=error), log_text=log))

    alert = page.split('id="h-error"')[1].split("</section>")[0]
    assert "The script ended with exit code 1.\nCorrect it." in alert
    assert "line 39" in alert
    assert "line 20" not in alert


def test_the_traceback_of_an_error_stands_before_the_log(view: RunView) -> None:
    error = {"message": "It failed.", "details": {"traceback": "Traceback: here"}}

    page = render_run(with_run(view, status="Failed", error=error))

    assert "Traceback: here" in page.split('id="h-error"')[1].split("</section>")[0]


@pytest.mark.parametrize("status", list(RunStatus))
def test_a_bare_run_in_any_state_has_a_page(status: RunStatus) -> None:
    page = render_run(RunView({"name": "lab"}, {"id": "r1", "experiment": "e", "status": str(status)}))

    assert str(status) in page
    assert "stoker run logs r1" in page


def test_a_run_of_an_interactive_kind_can_not_be_rerun(view: RunView) -> None:
    assert "stoker run rerun" not in render_run(with_run(view, kind="interactive"))


def test_a_long_table_and_many_files_are_cut_with_the_command_that_shows_all(view: RunView) -> None:
    files = [{"name": f"outputs/{number}", "size": 1, "live": False} for number in range(600)]
    page = render_run(replace(view, metrics={"big": {"x": list(range(200))}}, series=[], files=files))

    assert "The first 50 of 200 rows." in page
    assert "The first 500; all:" in page
    assert "stoker run files" in page


def test_the_list_of_runs_is_filtered_and_paged(run: dict[str, Any]) -> None:
    view = RunsView({"name": "lab"}, [run], ["diabetes", "iris"], "diabetes", "Completed", "a&b", 128, "next/1")

    page = render_runs(view)

    assert '<option value="diabetes" selected>' in page
    assert "<option selected>Completed</option>" in page
    assert 'value="a&amp;b"' in page
    assert 'href="/?experiment=diabetes&amp;status=Completed&amp;search=a%26b&amp;after=next%2F1"' in page
    assert "patient-heron Completed diabetes 7" in text_of(page)


def test_an_empty_list_says_what_to_do() -> None:
    assert "stoker run submit" in render_runs(RunsView({"name": "lab"}, []))
    assert "No run fits" in render_runs(RunsView({"name": "lab"}, [], search="x"))


def test_the_way_in_keeps_where_one_wanted_to_go() -> None:
    page = render_login("/runs/r1?log=a&b", "The code was used.")

    assert 'name="next" value="/runs/r1?log=a&amp;b"' in page
    assert "The code was used." in page
    assert "stoker studio" in page


def test_a_message_has_title_text_and_status() -> None:
    page = text_of(render_message("No such run", "There is no run 'abc'.", 404))

    assert "404 No such run There is no run 'abc'." in page


def test_no_page_has_inline_script_or_style_or_another_host(view: RunView) -> None:
    for page in (
        render_run(view),
        render_runs(RunsView({"name": "lab"}, [])),
        render_login(),
        render_message("a", "b", 1),
    ):
        assert not re.search(r"<script(?![^>]*\bsrc=)", page)
        assert not re.search(r"<style|\sstyle=|\son\w+=", page)
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)
