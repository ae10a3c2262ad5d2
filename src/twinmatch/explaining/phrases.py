"""What explanations say, in English and in French."""

from __future__ import annotations

from typing import Final

from twinmatch.explaining.words import polished

__all__ = ["PHRASES", "say"]

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
    "cost_stopped": (
        "What forcing the pair costs is not known: the search was stopped before it could be said.",
        "Le coût qu'il y aurait à imposer ce jumelage n'est pas connu : la recherche a été arrêtée trop tôt.",
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
        "One of the two matchings is not proven best: it costs no more than that, and may cost less.",
        "L'une des deux répartitions n'est pas prouvée optimale : ce coût est un maximum.",
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
