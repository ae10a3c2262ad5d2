"""What rules, criteria, quotas and mechanisms are called and what they say, in English and in French."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from twinmatch.explaining.words import count, listed, number, polished, quoted, value
from twinmatch.policy import criteria, quotas, rules
from twinmatch.policy.bounds import exact
from twinmatch.policy.similarity import HALFWAY_ROUND_KM

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

__all__ = ["LABELS", "criterion_words", "label", "quota_words", "rule_words"]

LABELS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "criterion": {
        "language": ("language", "langues"),
        "levels": ("levels", "niveaux"),
        "size": ("size", "effectifs"),
        "distance": ("distance", "distance"),
        "sector": ("sector", "secteur"),
        "setting": ("setting", "milieu"),
        "social position": ("social position", "position sociale"),
        "tags": ("tags", "thèmes"),
        "embedding": ("embedding", "proximité des descriptions"),
        "country": ("country", "pays"),
        "kept": ("kept partner", "partenaire conservé"),
        "kept pair": ("kept pair", "jumelage maintenu"),
    },
    "rule": {
        "partner in the EU": ("partner in the EU", "partenaire dans l'Union européenne"),
        "common level": ("common level", "niveau commun"),
        "shared language": ("shared language", "langue commune"),
        "both open": ("both open", "établissements ouverts"),
        "both available": ("both available", "établissements disponibles"),
        "same special setting": ("same special setting", "même cadre particulier"),
        "forbidden pairs": ("forbidden pairs", "jumelages interdits"),
        "forbidden schools": ("forbidden schools", "établissements exclus"),
        "forbidden countries": ("forbidden countries", "pays exclus"),
        "vetoes": ("vetoes", "jumelages refusés"),
    },
    "quota": {
        "country balance": ("country balance", "équilibre entre les pays"),
        "over-booking": ("over-booking", "surréservation"),
        "agreements": ("agreements", "conventions en cours"),
    },
    "mechanism": {
        "most_points": ("most points", "total de points le plus élevé"),
        "nash": ("Nash welfare", "bien-être de Nash"),
        "concave": ("concave transform of points", "transformation concave des points"),
        "leximin": ("worst pair first", "le moins bien loti d'abord"),
        "stable": ("stable matching", "répartition stable"),
        "rank_maximal": ("best ranks first", "meilleurs rangs d'abord"),
        "serial_dictatorship": (
            "schools choose in an order drawn by lot",
            "choix successifs, ordre tiré au sort",
        ),
        "greedy": ("best pairs first", "meilleurs jumelages d'abord"),
    },
}
"""Names that twinmatch gives itself, by kind; names that a policy gives are shown as they are."""

_COLUMNS: Final = {
    "country": ("country", "pays"),
    "region": ("region", "région"),
    "academie": ("académie", "académie"),
    "dept": ("département", "département"),
    "ep": ("priority education", "éducation prioritaire"),
    "levels": ("level", "niveau"),
    "sector": ("sector", "secteur"),
    "setting": ("setting", "milieu"),
    "size": ("size", "effectif"),
    "tags": ("tag", "thème"),
    "teach_lang": ("language of instruction", "langue d'enseignement"),
    "languages": ("language taught", "langue enseignée"),
}

_MONTHS: Final = (
    ("January", "janvier"),
    ("February", "février"),
    ("March", "mars"),
    ("April", "avril"),
    ("May", "mai"),
    ("June", "juin"),
    ("July", "juillet"),
    ("August", "août"),
    ("September", "septembre"),
    ("October", "octobre"),
    ("November", "novembre"),
    ("December", "décembre"),
)


def label(lang: str, kind: str, name: str) -> str:
    """
    Return what something is called in a language.

    Parameters
    ----------
    lang : {"en", "fr"}
    kind : {"criterion", "rule", "quota", "mechanism"}
    name : str
        In a policy, or of a mechanism.
    """
    known = LABELS[kind]
    if name in known:
        return polished(lang, known[name][lang == "fr"])
    # A quota that is made group by group: "country balance: country DE".
    if (
        kind == "quota"
        and lang == "fr"
        and (found := re.fullmatch(r"(.*?): (country|academie|ep) (\S+)", name))
    ):
        column = _COLUMNS[found[2]][1]
        return f"{label(lang, kind, found[1])}\N{NO-BREAK SPACE}: {column} {found[3]}"
    return name


def rule_words(lang: str, rule: Any) -> str:
    """Return what a rule asks of a pair, as a sentence."""
    levels = getattr(rule, "levels", ())
    named = [value(lang, "levels", str(level)) for level in levels] if isinstance(levels, tuple) else []
    match rule:
        case rules.PartnerInEU():
            day = _day(rule.on)
            said = (
                f"The partner is in another member state of the European Union (members on {day[0]}).",
                "Le partenaire se trouve dans un autre État membre de l'Union européenne (liste au "
                f"{day[1]}).",
            )
        case rules.CommonLevel():
            said = (
                "Both schools teach at least one common level; a school whose levels are not known has no "
                "partner.",
                "Les deux établissements ont au moins un niveau d'enseignement en commun ; un établissement "
                "dont les niveaux ne sont pas connus n'a pas de partenaire.",
            )
        case rules.SharedLanguage():
            english = (
                (" English counts where a school of these levels lists no languages."),
                (" L'anglais est présumé lorsqu'un établissement du second degré n'indique aucune langue."),
            )
            english = english if rule.assume_english else ("", "")
            said = (
                "The schools share a working language, unless they share a level other than "
                f"{listed('en', named)}." + english[0],
                "Les deux établissements ont une langue de travail commune, sauf s'ils partagent un niveau "
                "autre "
                f"que : {listed('fr', named)}." + english[1],
            )
        case rules.BothOpen():
            said = (
                "Both schools are open; one that does not say counts as open.",
                "Les deux établissements sont ouverts ; à défaut d'indication, un établissement est réputé "
                "ouvert.",
            )
        case rules.BothAvailable():
            unknown = (
                ("counts as available", "est réputé disponible")
                if rule.unknown_counts
                else ("has no partner", "n'a pas de partenaire")
            )
            said = (
                f"Both schools agreed to be paired; one that does not say {unknown[0]}.",
                "Les deux établissements ont accepté d'être jumelés ; à défaut d'indication, un "
                f"établissement {unknown[1]}.",
            )
        case rules.SameSpecialSetting():
            said = (
                "Both schools are of the same special setting, or neither is of any.",
                "Les deux établissements relèvent du même cadre particulier, ou aucun d'eux n'en relève.",
            )
        case rules.ForbiddenPairs():
            pairs = [count(one, len(rule.pairs), "pair") for one in ("en", "fr")]
            said = (f"{pairs[0]} must not be.", f"{pairs[1]} interdits nommément.")
        case rules.ForbiddenSchools():
            number_of = len(rule.left) + len(rule.right)
            schools = [count(one, number_of, "school") for one in ("en", "fr")]
            said = (f"{schools[0]} must have no partner.", f"{schools[1]} ne peuvent avoir de partenaire.")
        case rules.ForbiddenCountries():
            schools = [count(one, len({who for who, _ in rule.schools}), "school") for one in ("en", "fr")]
            said = (
                f"{schools[0]} must not have a partner in a country that is named for each.",
                f"{schools[1]} : un pays est exclu nommément pour chacun.",
            )
        case _:
            said = (f"A rule of this policy, {rule.name}.", f"Règle propre à cette politique : {rule.name}.")
    return polished(lang, said[lang == "fr"])


def _day(on: date) -> tuple[str, str]:
    """Return a day in both languages."""
    first = "1er" if on.day == 1 else str(on.day)
    return f"{on.day} {_MONTHS[on.month - 1][0]} {on.year}", f"{first} {_MONTHS[on.month - 1][1]} {on.year}"


def criterion_words(lang: str, part: Any) -> str:
    """Return what a criterion gives points for, as a sentence; its weight stands beside it."""

    def n(what: float) -> tuple[str, str]:
        return number("en", what), number("fr", what)

    unknown = getattr(part, "unknown", None)
    where = ("", "")
    if isinstance(unknown, int):
        where = (
            f" Where it is not known: {count('en', unknown, 'point')}.",
            f" À défaut d'information : {count('fr', unknown, 'point')}.",
        )
    match part:
        case criteria.LanguageFit():
            one, third = n(part.one_way), n(part.third)
            said = (
                "Each school knows a language that the other teaches in: all points; one of them does: "
                f"{one[0]}; they share another working language: {third[0]}.",
                "Chaque établissement connaît une langue dans laquelle l'autre enseigne : tous les points "
                f"; l'un des deux seulement : {one[1]} ; autre langue de travail commune : {third[1]}.",
            )
        case criteria.LevelOverlap():
            said = (
                "The share of their levels that both schools have in common.",
                "La part des niveaux d'enseignement que les deux établissements ont en commun.",
            )
        case criteria.SizeSimilarity():
            said = (
                "How close the numbers of pupils are: all points where they are equal, none where one is "
                f"{part.zero_at:g} times the other.",
                "La proximité des effectifs : tous les points à effectifs égaux, aucun si l'un vaut "
                f"{_decimal(part.zero_at)} fois l'autre.",
            )
        case criteria.Distance():
            said = _distance(part)
        case criteria.SameSector():
            funded = n(part.funded)
            said = (
                "Both schools are public or both private; a private school that is publicly funded with "
                f"either: {funded[0]}.",
                "Les deux établissements sont publics, ou tous deux privés ; un établissement privé sous "
                f"financement public face à l'un ou l'autre : {funded[1]}.",
            )
        case criteria.SameSetting():
            said = (
                "Both schools are rural or both urban; where it is not stated, a place is rural if fewer "
                f"than {part.rural_below:,} schools are within {part.radius_km:g} km.",
                "Les deux établissements sont ruraux, ou tous deux urbains ; à défaut d'indication, un "
                f"lieu est rural si moins de {number('fr', part.rural_below)} établissements s'y trouvent à "
                f"moins de {_decimal(part.radius_km)} km.",
            )
        case criteria.SocialPosition():
            said = (
                f"How close the schools are on the index of social position ({part.column}): none at a "
                f"difference of {part.zero_at:g}.",
                f"La proximité selon l'indice de position sociale ({part.column}) : aucun point à partir "
                f"d'un écart de {_decimal(part.zero_at)}.",
            )
        case criteria.SharedTags():
            each = n(part.each)
            said = (f"For each theme that they share: {each[0]}.", f"Par thème commun : {each[1]}.")
        case criteria.EmbeddingSimilarity():
            said = (
                "How alike the descriptions of the schools are (cosine of two vectors).",
                "La ressemblance des descriptions des établissements (cosinus de deux vecteurs).",
            )
        case criteria.CountryTable():
            table = ", ".join(f"{a}-{b} {points:,}" for a, b, points in part.points[:12])
            french = table.replace(",", "\N{NARROW NO-BREAK SPACE}") if len(part.points) == 1 else table
            said = (
                f"By the countries of both: {table}; any other two: {part.otherwise:,}.",
                f"Selon les pays des deux établissements : {french} ; sinon : "
                f"{number('fr', part.otherwise)}.",
            )
        case criteria.Kept():
            said = (
                f"The partner that the school had before ({part.column}): all points.",
                f"Le partenaire précédent de l'établissement ({part.column}) : tous les points.",
            )
        case _:
            said = (
                "A criterion of this policy, worked out by a function of its own.",
                "Critère propre à cette politique, calculé par une fonction particulière.",
            )
    return polished(lang, (said[0] + where[0], said[1] + where[1])[lang == "fr"])


def _distance(part: criteria.Distance) -> tuple[str, str]:
    low, high, fade = part.low_km, part.high_km, part.fade_km
    fr = [number("fr", what) for what in (low, high, high + fade, low - fade)]
    if high >= HALFWAY_ROUND_KM:
        return (
            f"All points from {low:,.0f} km on, none up to {max(0, low - fade):,.0f} km.",
            f"Tous les points à partir de {fr[0]} km, aucun jusqu'à {number('fr', max(0, low - fade))} km.",
        )
    if not low:
        return (
            f"All points up to {high:,.0f} km, falling in a straight line to none from {high + fade:,.0f} "
            "km on.",
            f"Tous les points jusqu'à {fr[1]} km, puis en diminution régulière jusqu'à zéro à {fr[2]} km.",
        )
    return (
        f"All points from {low:,.0f} to {high:,.0f} km, falling to none {fade:,.0f} km outside.",
        f"Tous les points de {fr[0]} à {fr[1]} km, puis en diminution jusqu'à zéro {number('fr', fade)} km "
        "au-delà ou en deçà.",
    )


def quota_words(lang: str, part: Any) -> str:
    """Return what a quota asks for, without its name."""
    if lang == "en":
        return f"{part.words()}."
    match part:
        case quotas.Quota():
            said = f"{_bounds(part)}{_conditions(part.left, ', au départ de : ')}"
            said += _conditions(part.right, ", vers : ")
        case quotas.QuotaPer():
            columns = listed("fr", [_column(one) for one in (*part.left, *part.right)])
            said = f"{_bounds(part)}, pour chaque groupe de même {columns}"
            said += _conditions(part.where_left, ", au départ de : ")
            said += _conditions(part.where_right, ", vers : ")
        case quotas.CoverageFloor():
            words = []
            if part.at_least_share is not None:
                words.append(f"au moins {_percent(part.at_least_share)} ont un partenaire")
            if part.within is not None:
                words.append(f"au plus {_percent(part.within)} de moins que l'ensemble en ont un")
            said = ", ".join(words) + _conditions(part.left, ", parmi : ")
            if part.per:
                said += f", pour chaque groupe de même {listed('fr', [_column(one) for one in part.per])}"
        case quotas.PartnersPerSchool():
            words = []
            for bound, french in (("least", "au moins"), ("most", "au plus")):
                figure, column = getattr(part, bound), getattr(part, f"{bound}_column")
                told = [f"le nombre de la colonne {quoted('fr', column)}"] if column is not None else []
                told += [number("fr", figure)] if figure is not None else []
                words += [f"{french} {' ou à défaut '.join(told)}"] if told else []
            side = "à jumeler" if part.side == "left" else "partenaire"
            said = f"{', '.join(words)} partenaire(s) pour chaque établissement {side}"
            said += _conditions(part.conditions, ", parmi : ")
            if part.schools:
                many = "s" if len(part.schools) > 1 else ""
                said += f", pour {count('fr', len(part.schools), 'school')} désigné{many} nommément"
        case quotas.LockedPairs():
            many = "s" if len(part.pairs) > 1 else ""
            said = f"{count('fr', len(part.pairs), 'pair')} prévu{many} nommément"
        case quotas.CountryBalance():
            said = (
                f"au plus {_percent(part.cap_share)} des établissements par pays, et pour chaque pays au "
                f"moins {_percent(part.floor_share)} de sa part selon ses places ; cède là où un "
                "établissement resterait sans partenaire"
            )
        case quotas.Overbooking():
            rates = [] if part.column is None else [f"le taux de la colonne {quoted('fr', part.column)}"]
            rates += [] if part.no_answer_rate is None else [_percent(part.no_answer_rate)]
            kept = "autant de jumelages que les réponses attendues remplissent de places"
            if part.risk is not None:
                kept = (
                    "plus de jumelages que de places, le risque de recevoir trop de réponses étant d'au plus "
                    f"{_percent(part.risk)}"
                )
            said = f"chaque partenaire peut recevoir {kept} ; taux de non-réponse : "
            said += " ou à défaut ".join(rates)
            said += _conditions(part.conditions, ", parmi : ")
        case _:
            return str(part.words())
    return polished("fr", f"{said}.")


def _bounds(part: quotas.Quota | quotas.QuotaPer) -> str:
    words = []
    for side, figure, share in (
        ("au moins", part.at_least, part.at_least_share),
        ("au plus", part.at_most, part.at_most_share),
    ):
        words += [f"{side} {count('fr', figure, 'pair')}"] if figure is not None else []
        words += [f"{side} {_percent(share)} des établissements à jumeler"] if share is not None else []
    return ", ".join(words)


def _conditions(conditions: Mapping[str, Any], before: str) -> str:
    if not conditions:
        return ""
    return before + ", ".join(f"{_column(column)} {' ou '.join(ok)}" for column, ok in conditions.items())


def _column(column: str) -> str:
    return _COLUMNS[column][1] if column in _COLUMNS else column


def _percent(share: float) -> str:
    return _decimal(float(exact(share) * 100)) + "\N{NO-BREAK SPACE}%"


def _decimal(what: float) -> str:
    return f"{what:g}".replace(".", ",")
