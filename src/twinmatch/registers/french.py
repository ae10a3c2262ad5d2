"""
The two French registers: the annuaire de l'éducation and the géolocalisation of schools.

Levels come from what the ministry says a school is, never from its name: in the annuaire from
``Type_etablissement`` and the flags ``Ecole_maternelle`` and ``Ecole_elementaire``, elsewhere from
the nature code (``nature.csv``). A nature of "école de niveau élémentaire" counts as level 1
only: it covers schools with and without a nursery class, and the code does not say which.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.registers.academies import academies_of
from twinmatch.registers.files import plain
from twinmatch.registers.reading import Register, closed_note, office_note, repeated_note

if TYPE_CHECKING:
    import pyarrow as pa

    from twinmatch.registers.reading import Cells
    from twinmatch.schools import Schools

__all__ = ["ANNUAIRE", "GEOLOCALISATION", "Nature", "natures", "read_annuaire", "read_geolocalisation"]

ANNUAIRE = ("Identifiant_de_l_etablissement", "Type_etablissement", "Code_departement")
GEOLOCALISATION = ("numero_uai", "nature_uai", "code_departement")

_STATES = {
    "ouvert": "open",
    "a fermer": "closed",
    "ferme": "closed",
    "fermee": "closed",
    "a ouvrir": "closed",
}
_SECTORS = {"public": "public", "prive": "private"}
_OFFICES = frozenset({"service administratif", "information et orientation"})
_OFFICE_NATURES = re.compile(
    r"administration centrale|centre d ?'?information|circonscriptions? |direction |rectorat|service "
)
_SPECIAL = {"medico-social": "medico-social", "erea": "adapted"}
_TAGS = {
    "ULIS": "ulis",
    "Segpa": "segpa",
    "Apprentissage": "apprenticeship",
    "Section_arts": "arts",
    "Section_cinema": "cinema",
    "Section_theatre": "theatre",
    "Section_sport": "sport",
    "Section_internationale": "international",
    "Section_europeenne": "european",
    "Lycee_Agricole": "agriculture",
    "Lycee_militaire": "military",
    "Lycee_des_metiers": "trades",
}
_FLAGS = {"0": "0", "1": "1", "oui": "1", "non": "0", "0.0": "0", "1.0": "1"}
_CENTROIDS = re.compile(r"ville|commune|lieu-?dit|centroide de la|code postal")


class Nature(NamedTuple):
    """What a nature code says: ISCED levels (empty where it does not say) and the special setting."""

    levels: str
    special: str


@cache
def natures() -> dict[str, Nature]:
    """Return the committed table of nature codes."""
    text = files("twinmatch.registers").joinpath("nature.csv").read_text(encoding="utf-8")
    return {row["code"]: Nature(row["levels"], row["special"]) for row in csv.DictReader(text.splitlines())}


def read_annuaire(subject: str, table: pa.Table, *, keep_closed: bool, keep_offices: bool) -> Schools:
    """Read the annuaire de l'éducation, of any date: columns are found by name."""
    register = Register(subject, table, ANNUAIRE)
    kinds = [plain(cell or "") for cell in register.cells("Type_etablissement")]
    labels = [plain(cell or "") for cell in register.cells("libelle_nature")]
    codes = register.cells("code_nature")
    state = _leave_out(
        register,
        register.mapped("etat", _STATES),
        [kind in _OFFICES or _is_office(label) for kind, label in zip(kinds, labels, strict=True)],
        keep_closed=keep_closed,
        keep_offices=keep_offices,
    )
    nursery, primary = (register.mapped(name, _FLAGS) for name in ("Ecole_maternelle", "Ecole_elementaire"))
    levels = [_levels(*parts) for parts in zip(kinds, nursery, primary, codes, strict=True)]
    size = register.cells("Nombre_d_eleves")
    precision = register.cells("precision_localisation")
    updated = register.cells("date_maj_ligne")
    return register.schools(
        {
            **_place(
                register, register.cells("Identifiant_de_l_etablissement"), register.cells("Code_departement")
            ),
            "commune_insee": register.cells("Code_commune"),
            "city": register.cells("Nom_commune"),
            "name": register.cells("Nom_etablissement"),
            "type_raw": register.cells("Type_etablissement"),
            "levels": levels,
            "sector": register.mapped("Statut_public_prive", _SECTORS),
            "lat": (lat := register.cells("latitude")),
            "lon": register.cells("longitude"),
            "geo_q": [_quality(cell) if known else None for cell, known in zip(precision, lat, strict=True)],
            "size": size,
            "size_kind": ["enrolled" if cell else None for cell in size],
            "ep": register.cells("Appartenance_Education_Prioritaire"),
            "special": [
                _SPECIAL.get(kind) or _nature(code).special or None
                for kind, code in zip(kinds, codes, strict=True)
            ],
            "tags": _tags(register),
            "state": state,
            "year": [cell[:4] if cell and re.match(r"\d{4}-", cell) else None for cell in updated],
            "source": ["annuaire"] * len(register),
        }
    )


def read_geolocalisation(subject: str, table: pa.Table, *, keep_closed: bool, keep_offices: bool) -> Schools:
    """Read "Adresse et géolocalisation des établissements"."""
    register = Register(subject, table, GEOLOCALISATION)
    labels = [plain(cell or "") for cell in register.cells("nature_uai_libe")]
    codes = register.cells("nature_uai")
    if register.has("etat_etablissement_libe"):
        state = register.mapped("etat_etablissement_libe", _STATES)
    else:
        # Without the label only code 1, open, is certain.
        state = ["open" if cell == "1" else None for cell in register.cells("etat_etablissement")]
    state = _leave_out(
        register,
        state,
        [_is_office(label) for label in labels],
        keep_closed=keep_closed,
        keep_offices=keep_offices,
    )
    located = register.cells("localisation", "appariement")
    return register.schools(
        {
            **_place(register, register.cells("numero_uai"), register.cells("code_departement")),
            "commune_insee": register.cells("code_commune"),
            "city": register.cells("libelle_commune", "localite_acheminement_uai"),
            "name": register.cells("appellation_officielle", "denomination_principale"),
            "type_raw": register.cells("nature_uai_libe"),
            "levels": [_nature(code).levels or None for code in codes],
            "sector": register.mapped("secteur_public_prive_libe", _SECTORS),
            "lat": (lat := register.cells("latitude")),
            "lon": register.cells("longitude"),
            "geo_q": [_quality(cell) if known else None for cell, known in zip(located, lat, strict=True)],
            "special": [_nature(code).special or None for code in codes],
            "state": state,
            "source": ["geolocalisation"] * len(register),
        }
    )


def _leave_out(
    register: Register, state: Cells, office: list[bool], *, keep_closed: bool, keep_offices: bool
) -> Cells:
    register.leave_out(register.repeated(), repeated_note)
    if not keep_offices:
        register.leave_out(np.array(office, bool), office_note)
    if not keep_closed:
        register.leave_out(np.array([cell == "closed" for cell in state], bool), closed_note)
    return state


def _place(register: Register, uais: Cells, depts: Cells) -> dict[str, Cells]:
    places = academies_of(depts, uais)
    lost = np.array(
        [dept is not None and place is None for dept, place in zip(depts, places, strict=True)], bool
    )
    if (lost & register.keep).any():
        register.fault("code_departement", "not a known département", lost & register.keep)
    return {
        "id": uais,
        "country": ["FR"] * len(register),
        "region": [place.region or None if place else None for place in places],
        "dept": [place.dept if place else None for place in places],
        "academie": [place.academie if place else None for place in places],
    }


def _nature(code: str | None) -> Nature:
    return natures().get((code or "").removesuffix(".0"), Nature("", ""))


def _is_office(label: str) -> bool:
    return bool(_OFFICE_NATURES.match(label))


def _levels(kind: str, nursery: str | None, primary: str | None, code: str | None) -> str | None:
    """Return the levels that a type and its flags stand for; None where they do not say."""
    if kind == "ecole":
        flagged = ";".join(level for level, flag in (("0", nursery), ("1", primary)) if flag == "1")
        return flagged or _nature(code).levels or None
    known = {"college": "2", "lycee": "3", "erea": "2;3"}
    return known.get(kind) or _nature(code).levels or None


def _quality(precision: str | None) -> str:
    return "2" if precision and _CENTROIDS.match(plain(precision)) else "1"


def _tags(register: Register) -> Cells:
    flags = {tag: register.mapped(column, _FLAGS) for column, tag in _TAGS.items() if register.has(column)}
    rows = zip(*flags.values(), strict=True) if flags else [()] * len(register)
    return [
        ";".join(tag for tag, flag in zip(flags, row, strict=True) if flag == "1") or None for row in rows
    ]
