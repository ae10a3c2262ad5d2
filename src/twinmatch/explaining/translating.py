"""Reasons and assumptions, which other modules say in English, in French: by the patterns of sentences."""

from __future__ import annotations

import re
from typing import Final

from twinmatch.explaining.terms import label
from twinmatch.explaining.words import polished, quoted

__all__ = ["ASSUMPTIONS", "REASONS", "assumption_in", "reason_in"]

REASONS: Final[tuple[tuple[str, str], ...]] = (
    (r"no admissible partner: no school offers a place", "Aucun établissement n'offre de place."),
    (
        r"no admissible partner: every pair is forbidden by name",
        "Tous ses jumelages sont interdits nommément.",
    ),
    (
        r"no admissible partner: the rule '(?P<rule>.*)' forbids every pair",
        "Aucun partenaire admissible : la règle {rule} interdit tous ses jumelages.",
    ),
    (
        r"no admissible partner: the rules together forbid every pair "
        r"\('(?P<rule>.*)' alone leaves (?P<left>[\d,]+) of (?P<all>[\d,]+)\)",
        "Aucun partenaire admissible : les règles, ensemble, interdisent tous ses jumelages ({rule} à elle "
        "seule en laisse {left} sur {all}).",
    ),
    (
        r"no admissible partner: the pairs with all (?P<all>[\d,]+) that the rules leave are forbidden one "
        r"by one",
        "Aucun partenaire admissible : ses jumelages avec les {all} établissements que laissent les règles "
        "sont interdits un par un.",
    ),
    (
        r"nobody has a partner: nothing keeps to all that the policy asks",
        "Personne n'a de partenaire : rien ne satisfait à tout ce que demandent les règles.",
    ),
    (
        r"kept out by '(?P<quota>.*)', which allows it no partner",
        "Écarté par {quota}, qui ne lui accorde aucun partenaire.",
    ),
    (r"kept out by the policy, which allows it no partner", "Les règles ne lui accordent aucun partenaire."),
    (
        r"not reached: (?P<left>[\d,]+) admissible partners, but the run was stopped early",
        "Non traité : {left} partenaires admissibles, mais le calcul a été interrompu.",
    ),
    (
        r"left over by a cap: (?P<kept>[\d,]+) of (?P<left>[\d,]+) admissible partners have free places, but "
        r"(?P<quotas>.*) allows? no more",
        "Laissé de côté par un plafond : {kept} de ses {left} partenaires admissibles ont une place libre, "
        "mais aucun jumelage de plus n'est possible au titre de {quotas}.",
    ),
    (
        r"stays without: (?P<left>[\d,]+) admissible partners, and no matching in which it has one is worth "
        r"more",
        "Reste sans partenaire : {left} partenaires admissibles, mais aucune répartition où il en a un ne "
        "vaut davantage.",
    ),
    (
        r"stays without: at the prices of places and quotas none of its pairs with (?P<left>[\d,]+) "
        r"admissible partners would bring a point(?:; (?P<quotas>.*) (?:has a price|have a price))?",
        "Reste sans partenaire : aux prix des places et des quotas, aucun de ses jumelages avec {left} "
        "partenaires admissibles n'apporterait un point.",
    ),
    (
        r"passed over: (?P<left>[\d,]+) admissible partners, all taken by schools that come first under the "
        r"mechanism",
        "Non retenu : {left} partenaires admissibles, tous pris par des établissements qui passent avant lui "
        "selon le mécanisme.",
    ),
    (
        r"passed over: (?P<left>[\d,]+) admissible partners, those with a free place are kept from it by "
        r"caps",
        "Non retenu : {left} partenaires admissibles ; ceux qui ont une place libre lui sont fermés par des "
        "plafonds.",
    ),
    (
        r"passed over: (?P<left>[\d,]+) admissible partners, but only its first (?P<ranks>[\d,]+) choices "
        r"count, and none of them is left for it",
        "Non retenu : {left} partenaires admissibles, mais seuls ses {ranks} premiers choix comptent, et "
        "aucun ne lui reste.",
    ),
    (
        r"squeezed out: (?P<left>[\d,]+) admissible partners, all taken by schools that "
        r"(?:have no other choice or bring more points"
        r"|have no other choice, bring more points or must have partners)"
        r"(?:; (?P<quotas>.*) (?:is|are) full too)?",
        "Évincé : {left} partenaires admissibles, tous pris par des établissements qui n'ont pas d'autre "
        "choix, qui apportent plus de points ou qui doivent être servis.",
    ),
)
"""The sentences of :mod:`twinmatch.reasons`, and those about procedures, as patterns; the same in French."""

_OF = r"(?P<lost>[\d,]+) of (?P<all>[\d,]+) (?P<side>left|right) schools"

ASSUMPTIONS: Final[tuple[tuple[str, str], ...]] = (
    (
        _OF + r" have no known (?P<what>.*): (?P<criterion>.*) gives their pairs (?P<unknown>[\d,]+) points",
        "{lost} des {all} {side} : {what} ; le critère {criterion} accorde alors {unknown} points.",
    ),
    (
        _OF + r" do not list the languages they teach: where no common one is known or assumed, "
        r"(?P<criterion>.*) gives (?P<unknown>[\d,]+) points",
        "{lost} des {all} {side} : langues enseignées non indiquées ; sans langue commune connue ou "
        "présumée, le critère {criterion} accorde {unknown} points.",
    ),
    (
        _OF + r" have a sector guessed from the name: it counts as known",
        "{lost} des {all} {side} : secteur déduit du nom, réputé connu.",
    ),
    (
        _OF
        + r" do not say if they are rural or urban: rural is where fewer than (?P<count>[\d,]+) schools are "
        r"within (?P<km>[\d.]+) km",
        "{lost} des {all} {side} : milieu non indiqué ; est rural un lieu comptant moins de {count} "
        "établissements dans un rayon de {km} km.",
    ),
    (
        _OF + r" have a size that counts something else \((?P<words>.*)\): it is not used",
        "{lost} des {all} {side} : l'effectif indiqué compte autre chose que des élèves ({words}) et n'est "
        "pas utilisé.",
    ),
    (
        _OF + r" have no known level and can have no partner",
        "{lost} des {all} {side} : niveaux non connus, d'où l'absence de partenaire.",
    ),
    (
        _OF + r" do not say what they teach in: the official languages of their country count",
        "{lost} des {all} {side} : langue d'enseignement non indiquée ; les langues officielles du pays sont "
        "retenues.",
    ),
    (
        _OF
        + r" teach at level 2 or 3 and list no languages: English counts as one of their working languages",
        "{lost} des {all} {side} : second degré sans langue indiquée ; l'anglais est présumé langue de "
        "travail.",
    ),
    (
        _OF + r" \((?P<share>\d+%)\) have no known (?P<what>.*): they count as open",
        "{lost} des {all} {side} ({share}) : {what} ; ils sont réputés ouverts.",
    ),
    (
        _OF + r" \((?P<share>\d+%)\) have no known (?P<what>.*): they count as available",
        "{lost} des {all} {side} ({share}) : {what} ; ils sont réputés disponibles.",
    ),
    (
        _OF + r" \((?P<share>\d+%)\) have no known (?P<what>.*): they can have no partner",
        "{lost} des {all} {side} ({share}) : {what} ; ils ne peuvent avoir de partenaire.",
    ),
    (
        _OF + r" \((?P<share>\d+%)\) have no known (?P<what>.*): they count as ordinary schools",
        "{lost} des {all} {side} ({share}) : {what} ; ils sont réputés ordinaires.",
    ),
    (
        _OF + r" had a partner that takes no part any more",
        "{lost} des {all} {side} : partenaire précédent qui ne participe plus.",
    ),
    (
        _OF
        + r" may be paired beyond their places \((?P<balance>.*)\): (?P<count>[\d,]+) places?, "
        + r"(?P<most>[\d,]+) pairs at most",
        "{lost} des {all} {side} : réservations au-delà des places ({balance}) ; {count} places, {most} "
        "jumelages au plus.",
    ),
    (
        _OF + r" have no known (?P<column>.*): (?P<balance>.*) leaves their places as they are",
        "{lost} des {all} {side} : {column} non connu ; {balance} laisse leurs places inchangées.",
    ),
    (
        r"(?P<balance>.*): eased by (?P<share>\d+%), or fewer schools would have a partner",
        "{balance} : assoupli de {share}, faute de quoi moins d'établissements auraient un partenaire.",
    ),
)
"""What parts of a policy say that they assumed, as patterns, and the same in French."""

_WHAT: Final = {
    "size": "effectif non connu",
    "coordinates": "coordonnées non connues",
    "level": "niveaux non connus",
    "sector": "secteur non connu",
    "setting": "milieu non connu",
    "tags": "thèmes non connus",
    "embedding": "description non connue",
    "state": "état (ouvert ou fermé) non connu",
    "availability": "disponibilité non connue",
    "special setting": "cadre particulier non connu",
}
_SIDES: Final = {"left": "établissements à jumeler", "right": "établissements partenaires"}


def reason_in(lang: str, reason: str) -> str:
    """
    Return why a school has no partner, in a language.

    Parameters
    ----------
    lang : {"en", "fr"}
    reason : str
        As :mod:`twinmatch.reasons` says it; empty for none.
    """
    if lang == "en" or not reason:
        return reason
    unknown = "Sans partenaire (motif donné en anglais : {text})."
    return _translated(reason, REASONS, unknown)


def assumption_in(lang: str, sentence: str) -> str:
    """
    Return what was assumed, in a language.

    Parameters
    ----------
    lang : {"en", "fr"}
    sentence : str
        As :attr:`twinmatch.Matching.assumptions` has it.
    """
    return sentence if lang == "en" else _translated(sentence, ASSUMPTIONS, "{text} (en anglais).")


def _translated(text: str, patterns: tuple[tuple[str, str], ...], otherwise: str) -> str:
    """Return the French of the first pattern that a sentence is of."""
    for pattern, french in patterns:
        if found := re.fullmatch(pattern, text):
            parts = {name: _part(name, part or "") for name, part in found.groupdict().items()}
            return polished("fr", french).format(**parts)
    return polished("fr", otherwise).format(text=text)


def _part(name: str, part: str) -> str:
    if name == "what":
        return polished("fr", _WHAT.get(part, f"{part} non connu"))
    if name == "side":
        return _SIDES[part]
    if name == "share":
        return part.replace("%", "\N{NO-BREAK SPACE}%")
    if name in ("criterion", "balance"):
        return label("fr", "criterion" if name == "criterion" else "quota", part)
    if name in ("km", "words"):
        return part.replace(".", ",") if name == "km" else part
    if name in ("rule", "quota"):
        return quoted("fr", label("fr", name, part))
    if name == "quotas":
        french = re.sub(r"'([^']*)'", lambda one: quoted("fr", label("fr", "quota", one[1])), part)
        return french.replace(" and ", " et ").replace(" more", " autres")
    return part.replace(",", "\N{NARROW NO-BREAK SPACE}")
