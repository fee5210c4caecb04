"""A whole run in Turkish: what its logs, its errors and its quarantine say."""

from __future__ import annotations

import logging

import msgspec
import pytest

from oduyo_provider.core.errors import UnsafePlanError
from oduyo_provider.sync.staging.layout import QUARANTINE
from tests.integration.sync.apply.driver import Driver, make_rows


@pytest.fixture(autouse=True)
def turkish(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("ODUYO_LANGUAGE", "tr")
    caplog.set_level(logging.INFO)


def read_figures(text: str) -> dict[str, str]:
    """The lines of the log's tables, by their name."""
    cells = (line.rsplit(maxsplit=1) for line in text.splitlines() if line.startswith("  "))
    return {cell[0].strip(): cell[1] for cell in cells if len(cell) == 2}


def test_the_log_of_each_step(driver: Driver, caplog: pytest.LogCaptureFixture) -> None:
    made = driver.sync([*make_rows(1200), {"integration_id": 9000, "code": ""}])
    assert (made.created, made.rejected) == (1200, 1)
    lines = [record.getMessage() for record in caplog.records]
    assert any(
        line.startswith("Ödüyo'da hiç kayıt yok (") and line.endswith("dag kaynağının 1 numaralı planı")
        for line in lines
    )
    assert (
        "Bölüm 1 / 1: 1.201 satır, 1 elenen, 0 değişmeyen; oluşturulacak 1.200, güncellenecek 0, pasife alınacak 0, silinecek 0"
    ) in lines
    plan, applied, run = (
        next(line for line in lines if line.startswith(head))
        for head in ("Plan:\n", "Uygulanan değişiklik: 1.200\n", "Çalıştırma:\n")
    )
    assert read_figures(plan)["oluşturulacak"] == "1.200"
    assert read_figures(plan)["elenen: code: empty"] == "1"
    assert read_figures(applied)["oluşturulan"] == "1.200"
    figures = read_figures(run)
    assert (figures["okunan satır"], figures["elenen"], figures["karşılıksız"]) == ("1.201", "1", "0")


def test_the_quarantine_has_codes_in_english_and_words_in_the_language_of_the_run(driver: Driver) -> None:
    run = driver.new_run()
    driver.sync([{"integration_id": 1, "code": ""}, *make_rows(3, 2)], run)
    (item,) = [msgspec.json.decode(line) for line in run.folder.read(QUARANTINE).splitlines()]
    assert (item["reasons"], item["details"]) == (["code: empty"], ["boşluklar atılınca geriye bir şey kalmıyor"])


def test_a_brake_says_its_figures_and_the_way_on(driver: Driver) -> None:
    driver.sync(make_rows(1200))
    rows = [{**row, "description": "başka"} for row in make_rows(1200)]
    with pytest.raises(UnsafePlanError) as caught:
        driver.plan(rows, driver.new_run())
    text = str(caught.value)
    assert text.startswith(
        "İlk yazmadan önce duruldu. updates: eşleşen 1.200 kayıttan 1.200 tanesi güncellenecekti (max_update_percent 50). "
        "Örnekler: güncelle 1 (Ödüyo 2): description 'Açıklama 1' → 'başka' | "
    )
    assert text.endswith(
        'Bu doğruysa çalıştırmayı release değeri ["updates:1200"] ile ya da arayüzde onaylamak için on_unsafe=ask ile yeniden '
        "tetikleyin; değilse önce ERP sorgusuna ve ERP tablosuna bakın."
    )


def test_a_run_that_is_not_in_step_says_what_is_left(driver: Driver, caplog: pytest.LogCaptureFixture) -> None:
    driver.site.set_faults({"call": "create", "kind": "status_false", "match": {"integration_id": "2"}})
    made, error = driver.sync_and_fail(make_rows(3), max_rejected_percent=0)
    assert made.refused == 1
    assert str(error) == (
        "Çalıştırma sonunda Ödüyo, ERP ile eşit değil: 1 satır yeni elendi ya da reddedildi. Elenen ve reddedilen satırları "
        "geldikleri yerde düzeltin: her birinin nedeni quarantine.jsonl dosyasındadır. Ödüyo satırdan başka bir nedenle, örneğin "
        "eksik bir yetki yüzünden reddettiyse onu düzeltin ve bir çalıştırmayı resend_refused ile tetikleyin: değişmemiş bir "
        "satır bir hafta geçmeden yeniden gönderilmez. Örnekler guard ve load görevlerinin günlüğündedir. Yapılanlar geçerlidir."
    )
    assert any("create:2  reddedilen: HTTP 404: " in record.getMessage() for record in caplog.records)
