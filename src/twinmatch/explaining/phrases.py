"""What explanations say, in English and in French."""

from __future__ import annotations

import re
from typing import Final

from twinmatch.explaining.terms import label
from twinmatch.explaining.words import polished, quoted

__all__ = ["ASSUMPTIONS", "PHRASES", "REASONS", "assumption_in", "reason_in", "say"]

PHRASES: Final[dict[str, tuple[str, str]]] = {
    # Titles
    "title": ("{school}: its partner and why", "{school} : son partenaire, et pourquoi"),
    "title_none": ("{school}: no partner, and why", "{school} : sans partenaire, et pourquoi"),
    "title_right": ("{school}: who has its places", "{school} : à qui reviennent ses places"),
    "section_pair": ("The pair", "Le jumelage"),
    "section_next": ("The next best partners", "Les partenaires suivants"),
    "section_standby": ("Standby list", "Liste complémentaire"),
    "section_wish": ("The partner wished for", "Le partenaire souhaité"),
    "section_rivals": ("Who else wanted a place", "Qui d'autre souhaitait une place"),
    # The result
    "paired": (
        "Paired with {partner}: {points}.",
        "Établissement jumelé avec {partner} : {points}.",
    ),
    "locked": (
        "The policy asks for this pair by name.",
        "Ce jumelage est expressément prévu par les règles.",
    ),
    "counts_for": (
        "Under this mechanism ({mechanism}) the pair counts for {counts}.",
        "Avec le mécanisme retenu ({mechanism}), ce jumelage compte pour {counts}.",
    ),
    "none": ("No partner. {reason}", "Sans partenaire. {reason}"),
    "admissible": (
        "The rules leave it {partners} with places to choose from.",
        "Les règles lui laissent le choix entre {partners} offrant des places.",
    ),
    "admissible_one": (
        "The rules leave it one partner with a place.",
        "Les règles ne lui laissent qu'un partenaire offrant une place.",
    ),
    "places": (
        "{taken} of {places} taken; the rules allow {schools} to ask for one.",
        "Places prises : {taken} sur {places} ; les règles permettent à {schools} d'en demander une.",
    ),
    "price": (
        "A place there has a price of {price}.",
        "Une place y a un prix de {price}.",
    ),
    "price_nothing": (
        "A place there has no price: others could not gain by having it.",
        "Une place y a un prix nul : les autres ne gagneraient rien à l'obtenir.",
    ),
    # How far it is proven
    "optimal": (
        "The matching is proven best: where a loss is stated, no matching with the other pair loses less.",
        "La répartition est prouvée optimale : lorsqu'une perte est indiquée, aucune répartition comportant "
        "l'autre jumelage ne perd moins.",
    ),
    "optimal_floor": (
        "Every pair has {floor} or more, and it is proven that no higher floor can be promised. Among the "
        "matchings that keep to this floor none has more points: where a loss is stated, none of them with "
        "the other pair loses less.",
        "Chaque jumelage compte au moins {floor}, et il est prouvé qu'aucun plancher plus élevé ne peut être "
        "promis. Parmi les répartitions qui respectent ce plancher, aucune n'a plus de points : lorsqu'une "
        "perte est indiquée, aucune d'elles comportant l'autre jumelage ne perd moins.",
    ),
    "feasible": (
        "The matching is not proven best: up to {gap} may be missing, and this is taken off every loss.",
        "La répartition n'est pas prouvée optimale : il peut lui manquer jusqu'à {gap}, déjà déduits de "
        "chaque perte indiquée.",
    ),
    "unsettled": (
        "The run was stopped before coverage was settled: prices say nothing here of what keeps partners "
        "away.",
        "Le calcul a été interrompu avant que la couverture soit établie : les prix ne disent rien ici de "
        "ce qui écarte les autres partenaires.",
    ),
    "no_prices": (
        "The mechanism ({mechanism}) sets no prices: who has the places is said, and not by how much.",
        "Le mécanisme retenu ({mechanism}) ne fixe pas de prix : il est indiqué qui occupe les places, mais "
        "non de combien.",
    ),
    "nothing_found": (
        "Nobody has a partner in this result, so that nothing can be compared.",
        "Personne n'a de partenaire dans ce résultat : aucune comparaison n'est possible.",
    ),
    "units": (
        "Losses and prices are in what points count for under the mechanism ({mechanism}), not in points.",
        "Les pertes et les prix sont exprimés dans l'unité du mécanisme ({mechanism}), et non en points.",
    ),
    # The sum
    "criterion": ("criterion", "critère"),
    "points": ("points", "points"),
    "most": ("at most", "au plus"),
    "facts": ("what led to it", "ce qui y conduit"),
    "total": ("total", "total"),
    "shares_caption": (
        "What each criterion gives; the column adds up to the points of the pair.",
        "Ce qu'apporte chaque critère ; la somme de la colonne donne les points du jumelage.",
    ),
    "both_sides": ("{left} here, {right} there", "{left} ici, {right} là-bas"),
    "on_both": ("{both} on both sides", "{both} des deux côtés"),
    "common": ("; in common: {common}", " ; en commun : {common}"),
    "nothing_common": ("; nothing in common", " ; rien en commun"),
    "not_known": ("not known", "non connu"),
    "counts_unknown": (
        "not known: {points} are given",
        "information manquante : {points} à ce titre",
    ),
    "unknown_added": ("; counts as not known: {points}", " ; information incomplète : {points}"),
    "former": ("its partner before", "son partenaire précédent"),
    "other_former": ("another partner before: {partners}", "autre partenaire précédent : {partners}"),
    "no_former": ("no partner before", "pas de partenaire précédent"),
    "pupils": ("{number} pupils", "{number} élèves"),
    "apart": ("{number} km apart", "à {number} km"),
    # What keeps partners away
    "partner": ("partner", "partenaire"),
    "school": ("school", "établissement"),
    "alone": ("for itself", "pour lui"),
    "in_all": ("in all, at best", "au total, au mieux"),
    "obstacle": ("what keeps it away", "ce qui l'écarte"),
    "next_caption": (
        "Admissible partners with the most points that it does not have; what it would gain for itself, and "
        "what all schools together would gain or lose.",
        "Les partenaires admissibles les mieux notés qu'il n'a pas obtenus ; ce qu'il y gagnerait pour "
        "lui-même, et ce qu'y gagnerait ou perdrait l'ensemble des établissements.",
    ),
    "next_caption_alone": (
        "Admissible partners with the most points that it does not have, and what it would gain for itself.",
        "Les partenaires admissibles les mieux notés qu'il n'a pas obtenus, et ce qu'il y gagnerait pour "
        "lui-même.",
    ),
    "next_none": ("There is no other admissible partner.", "Il n'existe pas d'autre partenaire admissible."),
    "more_holders": ("{who} and {more} more", "{who} et {more} autres"),
    "coverage": (
        "at least {schools} more would be left without a partner",
        "au moins {schools} de plus resteraient sans partenaire",
    ),
    "coverage_one": (
        "at least one more school would be left without a partner",
        "au moins un établissement de plus resterait sans partenaire",
    ),
    "quota": ("{names} allows no more", "{names} n'en permet pas davantage"),
    "quota_many": ("{names} allow no more", "{names} n'en permettent pas davantage"),
    "full": ("held by {who}", "occupé par {who}"),
    "full_price": ("held by {who}, price {price}", "occupé par {who}, prix {price}"),
    "floor": (
        "{names} needs the pair that it has",
        "{names} exige le jumelage actuel",
    ),
    "floor_many": (
        "{names} need the pair that it has",
        "{names} exigent le jumelage actuel",
    ),
    "needed": (
        "its own partner {names} must not have fewer",
        "son partenaire actuel {names} ne peut en avoir moins",
    ),
    "loss_others": (
        "it would gain {gain}, others would lose at least {others}",
        "il y gagnerait {gain}, les autres y perdraient au moins {others}",
    ),
    "loss": ("at least {loss} fewer in all", "au moins {loss} de moins au total"),
    "worth_less": (
        "a place is free, and it is worth less",
        "une place est libre, mais il vaut moins",
    ),
    "worth_same": (
        "a place is free, and it is worth as much: ids decide",
        "une place est libre et il vaut autant : les identifiants départagent",
    ),
    "tie": (
        "perhaps as good: then ids decide",
        "peut-être équivalent : les identifiants départagent alors",
    ),
    "unknown": ("not settled by prices", "les prix ne permettent pas de conclure"),
    "others": ("others would lose more than it gains", "les autres y perdraient plus qu'il n'y gagnerait"),
    "no_prices_full": (
        "its holders come first under this mechanism",
        "ses occupants passent avant lui selon ce mécanisme",
    ),
    "rank": (
        "it is this school's choice number {number}: only the first {ranks} count",
        "c'est le choix n° {number} de cet établissement : seuls les {ranks} premiers comptent",
    ),
    "rank_one": (
        "it is this school's choice number {number}: only the first one counts",
        "c'est le choix n° {number} de cet établissement : seul le premier compte",
    ),
    "promise": (
        "it is below the promised floor of {floor} by {short}, and so cannot be had while the promise is "
        "kept",
        "il manque {short} pour atteindre le plancher promis de {floor} : ce jumelage est impossible tant "
        "que la promesse est tenue",
    ),
    "closed": ("the policy allows this school no partner", "les règles ne lui accordent aucun partenaire"),
    "no_place": ("it offers no place", "il n'offre aucune place"),
    "locked_own": (
        "the policy gives it another partner by name",
        "les règles lui attribuent expressément un autre partenaire",
    ),
    "locked_place": (
        "the policy gives its places to others by name",
        "les règles attribuent expressément ses places à d'autres",
    ),
    "nothing": ("nobody has a partner in this result", "personne n'a de partenaire dans ce résultat"),
    # Standby
    "standby_caption": (
        "Admissible partners with a free place, should its partner drop out today.",
        "Partenaires admissibles disposant d'une place libre, si son partenaire se désistait aujourd'hui.",
    ),
    "standby_none": (
        "No admissible partner has a free place that the caps would allow.",
        "Aucun partenaire admissible n'a de place libre que les plafonds autorisent.",
    ),
    # Wishes
    "wish": (
        "{partner} would be worth {points}.",
        "{partner} vaudrait {points}.",
    ),
    "wish_forbidden": (
        "The pair is forbidden by the rule {names}.",
        "Ce jumelage est interdit par la règle {names}.",
    ),
    "wish_forbidden_many": (
        "The pair is forbidden by the rules {names}.",
        "Ce jumelage est interdit par les règles {names}.",
    ),
    "wish_change": (
        "No number of points changes that: only another rule, or other data of the two schools.",
        "Aucun nombre de points n'y changerait rien : il faudrait une autre règle, ou d'autres données pour "
        "ces deux établissements.",
    ),
    "wish_own": (
        "It is the partner that the school has.",
        "C'est le partenaire que l'établissement a obtenu.",
    ),
    "wish_needs": (
        "To be in a best matching the pair would have to be worth at least {loss} more, all else being "
        "equal.",
        "Pour figurer dans une répartition optimale, ce jumelage devrait valoir au moins {loss} de plus, "
        "toutes choses égales par ailleurs.",
    ),
    "wish_away": ("What stands in the way: {why}.", "Ce qui s'y oppose : {why}."),
    "wish_caption": (
        "What each criterion would give.",
        "Ce qu'apporterait chaque critère.",
    ),
    "cost": (
        "Forcing the pair would cost {points}; as many schools have a partner.",
        "Imposer ce jumelage coûterait {points}, sans laisser davantage d'établissements sans partenaire.",
    ),
    "cost_fewer": (
        "Forcing the pair would leave {schools} more without a partner; the others together: {points}.",
        "Imposer ce jumelage laisserait {schools} de plus sans partenaire ; pour les autres, au total : "
        "{points}.",
    ),
    "cost_impossible": (
        "Forcing the pair is impossible: nothing keeps to it and to all that the policy asks.",
        "Il est impossible d'imposer ce jumelage : rien ne le concilie avec tout ce que demandent les "
        "règles.",
    ),
    "cost_breaks": (
        "Forcing the pair would break the promise that every pair has {floor} or more: no cost is stated.",
        "Imposer ce jumelage romprait la promesse d'au moins {floor} pour chaque jumelage : aucun coût n'est "
        "donc indiqué.",
    ),
    "cost_breaks_others": (
        "With the pair forced, the matching that was found breaks the promise of {floor} for another pair, "
        "so that no cost is stated.",
        "Ce jumelage étant imposé, la répartition trouvée rompt la promesse de {floor} pour un autre "
        "jumelage : aucun coût n'est donc indiqué.",
    ),
    "cost_none": (
        "No cost of forcing the pair can be worked out: the mechanism ({mechanism}) makes no sum that could "
        "be compared.",
        "Le coût qu'il y aurait à imposer ce jumelage ne peut être calculé : le mécanisme retenu "
        "({mechanism}) n'établit aucun total à comparer.",
    ),
    "cost_inexact": (
        "One of the two matchings is not proven best, so that the cost may be off.",
        "L'une des deux répartitions n'est pas prouvée optimale : ce coût est une estimation.",
    ),
    # Right schools
    "holders_caption": ("Who has its places.", "Les établissements qui occupent ses places."),
    "holders_none": ("Nobody has a place there.", "Personne n'y occupe de place."),
    "criteria_column": ("by criterion", "par critère"),
    "rivals_caption": (
        "Schools that would have more points with it than they have, the nearest to its price first; "
        "{number} in all.",
        "Établissements qui y auraient plus de points qu'ils n'en ont, du plus proche de son prix au plus "
        "éloigné ; {number} en tout.",
    ),
    "rivals_caption_alone": (
        "Schools that would have more points with it than they have, those who would gain most first; "
        "{number} in all.",
        "Établissements qui y auraient plus de points qu'ils n'en ont, du plus grand gain au plus petit ; "
        "{number} en tout.",
    ),
    "rivals_none": (
        "No school would have more points with it than it has.",
        "Aucun établissement n'y aurait plus de points qu'il n'en a.",
    ),
    "own_partner": ("has", "a obtenu"),
    "gain": ("would gain", "y gagnerait"),
    "short": ("falls short by at least", "manque au moins"),
    "short_none": ("nothing, by the prices", "rien, d'après les prix"),
    "short_floor": ("the promised floor forbids it", "le plancher promis l'interdit"),
    "short_coverage": ("{schools} more left out", "{schools} de plus sans partenaire"),
    # Reading
    "reading_price": (
        "The price of a place is the most that others could gain by having it.",
        "Le prix d'une place est le maximum de ce que d'autres pourraient gagner à l'obtenir.",
    ),
    "reading_covered": (
        "It holds what one more school with a partner is worth in the proof: it is no number of points to "
        "be won.",
        "Il comprend la valeur, dans la preuve, d'un établissement pourvu de plus : ce n'est pas un nombre "
        "de points à gagner.",
    ),
}
"""Every phrase by name: English, French."""

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


def say(lang: str, phrase: str, **parts: str) -> str:
    """
    Return a phrase with its parts filled in.

    Parameters
    ----------
    lang : {"en", "fr"}
    phrase : str
        Its name in :data:`PHRASES`.
    **parts : str
        Words in that language already.
    """
    return polished(lang, PHRASES[phrase][lang == "fr"]).format(**parts)


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
