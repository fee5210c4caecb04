"""What a Turkish reader sees: a whole sentence of each place that Airflow shows and of each kind of error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.field_labels import label_field
from oduyo_provider.core.figures import FIGURES
from oduyo_provider.core.language import gettext
from oduyo_provider.core.params import PARAMS, parse_params
from oduyo_provider.core.reasons import REJECTIONS, WARNINGS
from oduyo_provider.core.release import BRAKES
from oduyo_provider.core.report import Report
from oduyo_provider.core.resources import RESOURCES
from oduyo_provider.dag.site_check import build_site_check
from oduyo_provider.hooks.oduyo import OduyoHook
from oduyo_provider.observability.alert import compute_message
from oduyo_provider.provider_info import get_provider_info
from oduyo_provider.sync.check.answers import format_points, make_points, summarise
from oduyo_provider.sync.check.questions import Found
from oduyo_provider.sync.check.stored import judge_texts
from sandbox.oduyo.server import Sandbox
from tests.airflow_run import load_dag
from tests.conftest import ROOT
from tests.integration.dag.conftest import make_records
from tests.wiring import pages
from tests.wiring.test_approval import ask

SetOduyo = Callable[..., None]


@pytest.fixture(autouse=True)
def turkish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODUYO_LANGUAGE", "tr")


def test_the_trigger_form() -> None:
    params = load_dag(ROOT / "dags").params
    schemas = {name: params.get_param(name).schema for name in params}
    assert schemas["dry_run"]["title"] == "Ne yapılacak: deneme çalıştırması"
    assert params.get_param("dry_run").description == "Planı günlükte gösterir, hiçbir şey yazmaz."
    assert schemas["on_missing"]["values_display"] == {
        "keep": "keep: olduğu gibi bırak",
        "deactivate": "deactivate: durumunu pasif yap",
        "delete": "delete: Ödüyo'dan sil",
    }
    assert schemas["release"]["section"] == "Emniyet: ilk yazmadan önce ne zaman durulsun"
    assert " örneğin retired:149. Frenler: no_rows, all_rejected, " in params.get_param("release").description


def test_the_documents_of_dag_and_tasks() -> None:
    dag = load_dag(ROOT / "dags")
    assert dag.description == "ERP'deki özel kodları Ödüyo'dakilerle eşit tutar"
    assert "\n2. **extract**: ERP sorgusunu çalıştırır, satırlarını olduğu gibi ara dosyalara yazar. " in dag.doc_md
    assert dag.doc_md.endswith("ve yalnızca eksik kalanı gönderir.\n")
    assert dag.task_dict["load"].doc_md.startswith("Planı uygular, her değişikliği tam bir kez, ve hepsini geri okur.")


def test_the_site_check() -> None:
    dag = build_site_check()
    assert dag.description == "Ödüyo sitenize, belgelerinin açık bıraktığı noktaları nasıl yorumladığını sorar"
    assert dag.task_dict["check"].doc_md.startswith("Ödüyo sitenize, belgelerinin açık bıraktıklarını sorar: ")
    assert dag.params.get_param("write").schema["title"] == "Deneme kaydıyla dene"


def test_the_approval(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        load_dag(ROOT / "dags").task_dict["approve"].subject
        == "Ödüyo: bir fren bu çalıştırmayı durdurdu. Plan uygulansın mı?"
    )
    paragraphs = ask(monkeypatch).split("\n\n")
    assert paragraphs[0] == "**Planın yapacakları**"
    assert paragraphs[paragraphs.index("**Neden durdu**") + 1].startswith("- ")
    assert paragraphs[-1].startswith("**Approve** (onay): plan, Ödüyo ile bir kez daha karşılaştırılıp uygulanır. ")


def test_the_connection_s_form() -> None:
    (kind,) = get_provider_info()["connection-types"]
    behaviour = kind["ui-field-behaviour"]
    assert (behaviour["relabeling"]["login"], behaviour["placeholders"]["password"]) == (
        "Kullanıcı",
        "kullanıcının parolası",
    )
    assert kind["conn-fields"]["timeout_s"]["label"] == "Zaman aşımı (saniye)"
    assert kind["conn-fields"]["timeout_s"]["description"] == "Bir yanıt için en uzun bekleme, saniye; varsayılan 30."


class TestTheTestButton:
    def test_it_says_what_it_found(self, oduyo: Sandbox) -> None:
        oduyo.seed(make_records(2))
        site = oduyo.url.removeprefix("http://")
        told = f"{site} adresindeki Ödüyo girişi ve bir liste çağrısını kabul etti: son erp_special_code kaydının kimliği 2."
        assert OduyoHook().test_connection() == (True, told)

    def test_a_wrong_password(self, oduyo: Sandbox, set_oduyo: SetOduyo) -> None:
        set_oduyo(password="yanlış")
        is_good, text = OduyoHook().test_connection()
        assert (is_good, text.partition("(HTTP")[0]) == (
            False,
            "Kullanıcı, parola ya da API anahtarı yanlış: Ödüyo, 'muhasebe' kullanıcısının "
            f"{oduyo.url.removeprefix('http://')} adresindeki girişini reddetti ",
        )
        assert text.endswith("web servisini kullanma yetkisine bakın, sonra yeniden sınayın.")

    def test_a_wrong_host(self, oduyo: Sandbox, set_oduyo: SetOduyo) -> None:
        set_oduyo(host="https://127.0.0.1:1")
        is_good, text = OduyoHook().test_connection()
        assert (is_good, text.partition("(")[0]) == (
            False,
            "Site adresi ya da port yanlış, ya da ağ geçit vermiyor: 127.0.0.1:1 adresine ulaşılamıyor ",
        )

    def test_wrong_fields(self, oduyo: Sandbox, set_oduyo: SetOduyo) -> None:
        set_oduyo(login="", page_size="çok")
        assert OduyoHook().test_connection() == (
            False,
            "Ödüyo bağlantısı kullanılamıyor: login alanı boş; page_size ek alanında 'çok' yazıyor; olması gereken: 1 ile "
            "10000 arası bir tam sayı. Bu alanları Airflow'da Admin, Connections altında düzeltin. Yeniden sınayın.",
        )

    def test_a_connection_that_is_not_there(self) -> None:
        is_good, text = OduyoHook("yok").test_connection()
        assert (is_good, text.partition(" Airflow'da")[0]) == (
            False,
            "'yok' adında bir bağlantı yok; içinde olması gereken: Ödüyo sitesi, kullanıcısı ve API anahtarı.",
        )


def test_an_alert() -> None:
    made = Report(extracted=1234, created=1234, reasons={"code: empty": 2, "stale: record is gone": 1})
    lines = compute_message("dag", "run1", ["Neden."], made).splitlines()
    assert lines[:-1] == [
        "Neden.",
        "",
        "Çalıştırma: run1",
        "Sayılar: okunan satır 1.234, oluşturulan 1.234",
        "İlk nedenler:",
        "- 2 × code: empty",
        "- 1 × eskimiş: kayıt artık yok",
    ]
    assert lines[-1].startswith("Bakılacak yer: ")


def test_the_table_of_the_site_check() -> None:
    found = [
        Found("page_limit", "capped", {"records": "200", "asked": "1000"}),
        Found("speed", "measured", {"list": "50 ms", "rate": "100", "small": "10 sn", "large": "100 sn"}),
        *judge_texts({"letters": ("code", "Ş")}, {"code": "S"}),
    ]
    points = make_points(found, asked_at=0.0)
    assert format_points(points).splitlines()[:4] == [
        "  Sayfa sınırı: Bir sayfa kaç kayıt veriyor?",
        "    bu site       1000 istendiğinde de en çok 200.",
        "    program       Bağlantıda page_size yoksa bundan sonra 200 kayıtlık sayfalar",
        "                  istenir.",
    ]
    assert points[2].answer == "Gönderilenden farklı: Türkçe harfler ('Ş', 'S' oldu)."
    assert summarise(points) == (
        "3 soru yanıtlandı; ayarlanacak: Metinler; "
        "ilk yüklemenin süresi: 1.000 satır için yaklaşık 10 sn, 10.000 satır için 100 sn"
    )


def test_wrong_params() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_params({"on_missing": "sil", "dryrun": True})
    assert str(caught.value) == (
        "Çalıştırmanın parametreleri yanlış: dryrun adında bir parametre yok (dry_run mi demek istediniz?); on_missing "
        "parametresi 'sil' olamaz; alabileceği değer: şunlardan biri: keep, deactivate, delete. Düzeltip çalıştırmayı yeniden "
        "tetikleyin."
    )


def test_a_wrong_setting_of_the_dag_file_is_said_in_turkish(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.dag_processing.dagbag import DagBag

    monkeypatch.setenv("ODUYO_PARAMS", "{dry_run: true}")
    (error,) = DagBag(dag_folder=ROOT / "dags", bundle_name="dags-folder").import_errors.values()
    assert "ODUYO_PARAMS ortam değişkeninin değeri JSON nesnesi değil (" in error


def test_a_language_that_there_is_not_leaves_the_dags_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODUYO_LANGUAGE", "türkçe")
    dag: Any = load_dag(ROOT / "dags")
    assert dag.params.get_param("dry_run").description == "Show the plan in the log and write nothing."


def list_texts() -> dict[str, dict[str, list[str]]]:
    """Page of the Turkish reference → name → what the program says of it."""
    (kind,) = get_provider_info()["connection-types"]
    fields = {name: [field["label"], field["description"]] for name, field in kind["conn-fields"].items()}
    params = [param.translated() for param in PARAMS]
    return {
        "params": {param.name: [param.title, param.description.partition(" Frenler: ")[0]] for param in params},
        "connection": {name: [text] for name, text in kind["ui-field-behaviour"]["placeholders"].items()} | fields,
        "reasons": {code: [gettext(text)] for code, text in {**REJECTIONS, **WARNINGS}.items()},
        "brakes": {brake.name: [gettext(brake.help)] for brake in BRAKES},
        "report": {name: [gettext(text)] for name, text in FIGURES.items()},
    }


@pytest.mark.parametrize("page", ["params", "connection", "reasons", "brakes", "report"])
def test_the_turkish_reference_says_what_the_program_says(page: str) -> None:
    tables = pages.tables(pages.DOCS / "tr" / "reference" / f"{page}.md")
    rows = {pages.names_in(row[0])[0]: row for rows in tables for row in rows[1:]}
    said = list_texts()[page]
    assert rows.keys() >= said.keys()
    assert [text for name, texts in said.items() for text in texts if text not in " | ".join(rows[name])] == []


def test_the_turkish_reference_calls_fields_what_the_page_calls_them() -> None:
    tables = pages.tables(pages.DOCS / "tr" / "reference" / "resources.md")
    assert [[(row[0], row[1]) for row in rows] for _, *rows in tables] == [
        [(f"`{field.name}`", label_field(resource, field.name)) for field in resource.fields] for resource in RESOURCES
    ]
