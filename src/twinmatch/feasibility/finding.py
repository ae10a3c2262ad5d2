"""What was found of a policy, as a sentence in waiting, and how it is said."""

from __future__ import annotations

from functools import partial
from typing import Any, Final, NamedTuple

from twinmatch.saying import listed, number, said

__all__ = ["Finding"]

_PHRASES: Final = {
    "en": {
        "possible": "All that the policy asks can be kept: {covered} of {schools} can have a partner.",
        "cost": "Quotas, locks and numbers of partners cost coverage: without them {n} more could have a "
        "partner.",
        "apart": "Without the quotas that cross others or name both sides, all that the policy asks can be "
        "kept: {covered} of {schools} can have a partner.",
        "impossible": "Nothing keeps to all that the policy asks: {parts} cannot be kept."
        "|Nothing keeps to all that the policy asks: {parts} cannot be kept together.",
        "hopeless": "Nothing keeps to all that the policy asks.",
        "floor": "“{name}” asks for at least {least} and can reach {n} at most: {left}, {places}.",
        "floors": "{n} more group of “{name}” asks for more than it can reach."
        "|{n} more groups of “{name}” ask for more than they can reach.",
        "inside": "{n} left school with a partner there|{n} left schools with a partner there",
        "free": "{n} place|{n} places",
        "contradiction": "“{floor}” asks for at least {least} in a group of which “{cap}” allows {most}.",
        "crossing": "{n} quota crosses others or names both sides: whether it can be kept with them was not "
        "looked at."
        "|{n} quotas cross others or name both sides: whether they can be kept with them was not looked at.",
        "loose": "{n} cap is above what its group can reach (first: “{name}”)."
        "|{n} caps are above what their groups can reach (first: “{name}”).",
        "alone": "{n} left school has no admissible partner.|{n} left schools have no admissible partner.",
        "rule": "The rule “{name}” removes most: {share} of the pairs, {only} of them alone.",
        "eased": "{note}.",
        "left_least": "{n} left school that must have a partner|{n} left schools that must have partners",
        "right_least": "{n} right school that must be filled|{n} right schools that must be filled",
        "places": "the places of {n} school|the places of {n} schools",
        "locked": "{n} locked pair|{n} locked pairs",
        "groups": "“{name}” for {n} groups",
        "schools": "{n} left school|{n} left schools",
        "quoted": "“{n}”",
        "and": " and ",
    },
    "fr": {
        "possible": "Tout ce que la politique demande peut être tenu : {covered} sur {schools} peut avoir "
        "un partenaire."
        "|Tout ce que la politique demande peut être tenu : {covered} sur {schools} peuvent avoir "
        "un partenaire.",
        "cost": "Quotas, paires imposées et nombres de partenaires coûtent en couverture : sans eux {n} de "
        "plus pourrait avoir un partenaire."
        "|Quotas, paires imposées et nombres de partenaires coûtent en couverture : sans eux {n} de "
        "plus pourraient avoir un partenaire.",
        "apart": "Sans les quotas qui en croisent d'autres ou nomment les deux côtés, tout ce que la "
        "politique demande peut être tenu : {covered} sur {schools} peut avoir un partenaire."
        "|Sans les quotas qui en croisent d'autres ou nomment les deux côtés, tout ce que la "
        "politique demande peut être tenu : {covered} sur {schools} peuvent avoir un partenaire.",
        "impossible": "Rien ne tient tout ce que la politique demande : {parts}, voilà qui ne peut être tenu."
        "|Rien ne tient tout ce que la politique demande : {parts}, voilà qui ne peut être tenu ensemble.",
        "hopeless": "Rien ne tient tout ce que la politique demande.",
        "floor": "« {name} » demande au moins {least} et peut atteindre {n} au plus : {left}, {places}.",
        "floors": "{n} autre groupe de « {name} » demande plus qu'il ne peut atteindre."
        "|{n} autres groupes de « {name} » demandent plus qu'ils ne peuvent atteindre.",
        "inside": "{n} établissement de gauche y a un partenaire possible"
        "|{n} établissements de gauche y ont un partenaire possible",
        "free": "{n} place|{n} places",
        "contradiction": "« {floor} » demande au moins {least} dans un groupe dont « {cap} » en autorise "
        "{most}.",
        "crossing": "{n} quota en croise d'autres ou nomme les deux côtés : il n'a pas été examiné avec eux."
        "|{n} quotas en croisent d'autres ou nomment les deux côtés : ils n'ont pas été examinés avec eux.",
        "loose": "{n} plafond dépasse ce que son groupe peut atteindre (le premier : « {name} »)."
        "|{n} plafonds dépassent ce que leurs groupes peuvent atteindre (le premier : « {name} »).",
        "alone": "{n} établissement de gauche n'a aucun partenaire admissible."
        "|{n} établissements de gauche n'ont aucun partenaire admissible.",
        "rule": "La règle « {name} » écarte le plus : {share} des paires, dont {only} à elle seule.",
        "eased": "Assoupli ({note}).",
        "left_least": "{n} établissement de gauche qui doit avoir un partenaire"
        "|{n} établissements de gauche qui doivent avoir des partenaires",
        "right_least": "{n} établissement de droite qui doit être servi"
        "|{n} établissements de droite qui doivent être servis",
        "places": "les places de {n} établissement|les places de {n} établissements",
        "locked": "{n} paire imposée|{n} paires imposées",
        "groups": "« {name} » pour {n} groupes",
        "schools": "{n} établissement de gauche|{n} établissements de gauche",
        "quoted": "« {n} »",
        "and": " et ",
    },
}
_said = partial(said, _PHRASES)


class Finding(NamedTuple):
    """A sentence in waiting: its key, the number that makes it singular, and what it is filled with."""

    key: str
    several: int
    filled: dict[str, Any]

    def explain(self, lang: str) -> str:
        """Say it in a sentence."""
        filled = {name: _filled(value, lang) for name, value in self.filled.items()}
        return _said(lang, self.key, self.several, **filled)


def _filled(value: Any, lang: str) -> str:
    if isinstance(value, list):
        parts = [
            _filled(one, lang) if isinstance(one, tuple) else _said(lang, "quoted", n=one) for one in value
        ]
        return listed(parts, _said(lang, "and"))
    if isinstance(value, tuple):
        return _said(lang, value[0], value[1], name=value[2] if len(value) > 2 else "")
    return value if isinstance(value, str) else number(value, lang)
