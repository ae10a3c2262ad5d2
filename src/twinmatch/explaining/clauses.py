"""
What a notice says, clause by clause, in English and French.

The wording is that of articles L. 311-3-1, R. 311-3-1-1 and R. 311-3-1-2 of the CRPA, and is read by lawyers:
:mod:`twinmatch.explaining.notifying` chooses what applies, and changes no word.
"""

from __future__ import annotations

from typing import Final

__all__ = ["PHRASES"]

PHRASES: Final[dict[str, tuple[str, str]]] = {
    "title": (
        "Notice about algorithmic processing: twinning of schools",
        "Mention relative à un traitement algorithmique : jumelage d'établissements scolaires",
    ),
    "mention": (
        "This decision was made on the basis of algorithmic processing (article L. 311-3-1 of the code des "
        "relations entre le public et l'administration, CRPA).",
        "La présente décision a été prise sur le fondement d'un traitement algorithmique (article L. "
        "311-3-1 du code des relations entre le public et l'administration, CRPA).",
    ),
    "mention_elsewhere": (
        "This decision was made on the basis of algorithmic processing. What must be said of it follows from "
        "the law of the state that decides. This page gives all the same what French law asks for (article "
        "R. 311-3-1-2 of the code des relations entre le public et l'administration), and says nothing of "
        "rights and appeals.",
        "La présente décision a été prise sur le fondement d'un traitement algorithmique. Les mentions dues "
        "relèvent du droit de l'État qui décide. Figurent ici celles que prévoit le droit français (article "
        "R. 311-3-1-2 du code des relations entre le public et l'administration), à l'exception des droits "
        "et des voies de recours.",
    ),
    "authority": ("Authority that decides: {authority}.", "Autorité qui prend la décision : {authority}."),
    "open_authority": ("[to be filled in by the authority]", "[à compléter par l'administration]"),
    "purpose": ("Purpose", "Finalité du traitement"),
    "purpose_text": (
        "Each school is to have a partner school (a digital twin) in another member state of the European "
        "Union. The processing proposes who is paired with whom, under the rules and weights below.",
        "Proposer à chaque établissement un établissement partenaire (« jumeau numérique ») dans un autre "
        "État membre de l'Union européenne. Le traitement détermine les jumelages selon les règles et les "
        "pondérations indiquées ci-dessous.",
    ),
    "questions": ("Questions", "Renseignements"),
    "contact": ("Write to: {contact}.", "Les demandes sont à adresser à : {contact}."),
    "rights": ("Your rights", "Vos droits"),
    "rights_text": (
        "You have the right to be told the rules that define this processing and the main features of how "
        "they were applied (articles L. 311-3-1 and R. 311-3-1-1 of the CRPA). Write to: {contact}.",
        "Vous avez le droit d'obtenir communication des règles définissant ce traitement et des principales "
        "caractéristiques de sa mise en œuvre (articles L. 311-3-1 et R. 311-3-1-1 du CRPA). La demande est "
        "à adresser à : {contact}.",
    ),
    "cada": (
        "No answer within one month is a refusal (articles R. 311-12 and R. 311-13 of the CRPA). Within two "
        "months of a refusal, stated or not, you may turn to the Commission d'accès aux documents "
        "administratifs, CADA (articles L. 342-1 and R. 343-1 of the CRPA); this must be done before "
        "the refusal can be brought before a court.",
        "Le silence gardé pendant un mois par l'administration vaut refus (articles R. 311-12 et R. 311-13 "
        "du CRPA). Dans les deux mois suivant un refus, exprès ou tacite, vous pouvez saisir la Commission "
        "d'accès aux documents administratifs, CADA (articles L. 342-1 et R. 343-1 du CRPA) ; cette saisine "
        "est un préalable obligatoire à tout recours contentieux contre ce refus.",
    ),
    "result": ("Result for {school}", "Résultat pour {school}"),
    "result_pair": ("Proposed partner: {partner}, {points}.", "Partenaire proposé : {partner}, {points}."),
    "result_none": ("No partner is proposed. {reason}", "Aucun partenaire n'est proposé. {reason}"),
    "result_right": (
        "Pairs proposed with schools that look for a partner: {pairs}.",
        "Jumelages proposés avec des établissements à jumeler : {pairs}.",
    ),
    "result_caption": (
        "The parameters and weights as they apply to this pair.",
        "Les paramètres et leur pondération, appliqués à ce jumelage.",
    ),
    "degree": ("1. Degree and mode of contribution", "1. Degré et mode de contribution à la décision"),
    "degree_text": (
        "The processing works out the whole proposal: no person changes a pair within it. The decision is "
        "that of the authority, which sets the rules, the criteria and their weights beforehand, may forbid "
        "or require pairs by name, and may depart from the proposal.",
        "Le traitement établit l'ensemble de la proposition : aucune intervention humaine ne modifie un "
        "jumelage en cours de calcul. La décision appartient à l'administration, qui fixe au préalable les "
        "règles, les critères et leur pondération, peut interdire ou imposer nommément des jumelages et "
        "peut s'écarter de la proposition.",
    ),
    "data": ("2. Data and their sources", "2. Données traitées et leurs sources"),
    "data_text": (
        "The data describe schools, not persons. Columns that hold contact data are left out when tables are "
        "read.",
        "Les données décrivent des établissements et non des personnes. Les colonnes de contact (courriel, "
        "téléphone) sont écartées à la lecture des fichiers.",
    ),
    "left": ("schools to pair", "établissements à jumeler"),
    "right": ("partner schools", "établissements partenaires"),
    "columns": ("{table}: columns read: {columns}.", "{table} : colonnes lues : {columns}."),
    "fingerprint": (
        "{table}: SHA-256 of the content: {fingerprint}.",
        "{table} : empreinte SHA-256 du contenu : {fingerprint}.",
    ),
    "data_caption": ("Where the rows come from.", "Origine des données."),
    "no_source": ("not stated in the table", "non précisée dans le fichier"),
    "table": ("table", "fichier"),
    "source": ("source", "source"),
    "year": ("year", "année"),
    "schools": ("schools", "établissements"),
    "weights": ("3. Parameters and their weights", "3. Paramètres et pondération"),
    "rules_text": (
        "Rules: a pair that breaks one is never made.",
        "Règles : un jumelage qui en enfreint une est exclu.",
    ),
    "no_rules": ("There is no rule that forbids pairs.", "Aucune règle n'interdit de jumelage."),
    "criterion": ("criterion", "critère"),
    "most": ("points at most", "points au plus"),
    "share": ("share", "part"),
    "says": ("what it gives points for", "ce qui donne des points"),
    "criteria_caption": (
        "Criteria: the points of a pair are the sum.",
        "Critères : les points d'un jumelage en sont la somme.",
    ),
    "no_criteria": (
        "There is no criterion: all pairs are worth the same.",
        "Aucun critère : tous les jumelages se valent.",
    ),
    "quotas_text": ("Quotas: asked of all pairs together.", "Quotas : exigés de l'ensemble des jumelages."),
    "unlimited": ("not limited", "non limité"),
    "operations": ("4. Operations", "4. Opérations effectuées"),
    "op_read": (
        "The two tables are read and checked; what is missing stays missing, and each rule and criterion "
        "says what it then does.",
        "Les deux fichiers sont lus et contrôlés ; une valeur absente le reste, et chaque règle ou critère "
        "prévoit ce qu'il en fait.",
    ),
    "op_admissible": (
        "For every possible pair the rules are applied and the points of the criteria added up, in whole "
        "numbers.",
        "Pour chaque jumelage possible, les règles sont appliquées et les points des critères additionnés, "
        "en nombres entiers.",
    ),
    "op_coverage": (
        "First, as many schools as possible get a partner.",
        "En premier lieu, le plus grand nombre possible d'établissements obtient un partenaire.",
    ),
    "op_points_first": (
        "Points come first: a school stays without a partner where that is worth more.",
        "Les points priment : un établissement reste sans partenaire lorsque le total y gagne.",
    ),
    "op_quotas": ("The quotas are kept to.", "Les quotas sont respectés."),
    "op_draw": (
        "The order is that of the SHA-256 of {seed}:id, where {seed} is the published seed, the lowest "
        "first, so that anybody can draw again; other ties are decided by the order of the schools' ids.",
        "L'ordre est celui de l'empreinte SHA-256 de {seed}:identifiant, {seed} étant la graine publiée, de "
        "la plus petite à la plus grande, de sorte que chacun peut refaire le tirage ; les autres égalités "
        "sont départagées par l'ordre des identifiants.",
    ),
    "op_right": (
        "Partners rank schools by points of their own: {criteria}.",
        "Les partenaires classent les établissements selon des points qui leur sont propres : {criteria}.",
    ),
    "op_no_draw": (
        "No lots are drawn (seed {seed}, recorded only); ties are decided by the order of the schools' ids.",
        "Aucun tirage au sort (graine {seed}, enregistrée pour mémoire) ; les égalités sont départagées par "
        "l'ordre des identifiants.",
    ),
    "op_check": (
        "A second program, which shares with the first one only the formula of points, can check the result "
        "from the tables.",
        "Un second programme, qui ne partage avec le premier que la formule des points, permet de contrôler "
        "le résultat à partir des fichiers.",
    ),
    "most_points": (
        "Among all ways to do so, the one with the most points in all is chosen.",
        "Parmi toutes les répartitions possibles, celle dont le total de points est le plus élevé est "
        "retenue.",
    ),
    "nash": (
        "Among all ways to do so, the one with the largest product of points is chosen (Nash welfare), so "
        "that nobody's gain comes with a larger loss, as a share, of somebody else.",
        "Parmi toutes les répartitions possibles, celle dont le produit des points est le plus élevé est "
        "retenue (bien-être de Nash) : le gain de l'un ne doit pas coûter à un autre une part plus grande "
        "de ses points.",
    ),
    "concave": (
        "Among all ways to do so, the best one is chosen by a scale on which each further point counts for "
        "no more than the one before.",
        "Parmi toutes les répartitions possibles, la meilleure est retenue selon une échelle où chaque point "
        "supplémentaire ne compte jamais plus que le précédent.",
    ),
    "leximin": (
        "Among all ways to do so, those are looked at in which the school with the fewest points has as many "
        "as possible; of these the one with the most points in all is chosen.",
        "Parmi toutes les répartitions possibles, sont considérées celles où l'établissement le moins bien "
        "loti a le plus de points ; parmi celles-ci, celle dont le total de points est le plus élevé est "
        "retenue.",
    ),
    "stable": (
        "Schools ask for their best partners in turn, and each partner keeps those that it ranks first, "
        "until no school and partner would both rather have each other.",
        "Les établissements demandent tour à tour leurs meilleurs partenaires, qui retiennent les mieux "
        "classés, jusqu'à ce qu'aucun établissement et aucun partenaire ne se préfèrent mutuellement.",
    ),
    "rank_maximal": (
        "As many schools as possible get their first choice by points, then their second, and so on.",
        "Le plus grand nombre possible d'établissements obtient son premier choix selon les points, puis son "
        "deuxième, et ainsi de suite.",
    ),
    "op_floor": (
        "Every pair has {floor} or more: it is proven that no higher floor can be promised to as many "
        "schools.",
        "Chaque jumelage compte au moins {floor} : il est prouvé qu'aucun plancher plus élevé ne peut être "
        "promis à autant d'établissements.",
    ),
    "op_ranks": (
        "The choices that count are the first {ranks} of each school: whoever gets none of them has no "
        "partner. Of all results that are as good by this, the one with the most points in all is chosen.",
        "Les choix pris en compte sont les {ranks} premiers de chaque établissement : qui n'en obtient aucun "
        "n'a pas de partenaire. Parmi les répartitions aussi bonnes à cet égard, celle dont le total de "
        "points est le plus élevé est retenue.",
    ),
    "op_rank_one": (
        "The first choice of each school alone counts: whoever does not get it has no partner. Of all "
        "results that are as good by this, the one with the most points in all is chosen.",
        "Seul le premier choix de chaque établissement est pris en compte : qui ne l'obtient pas n'a pas de "
        "partenaire. Parmi les répartitions aussi bonnes à cet égard, celle dont le total de points est le "
        "plus élevé est retenue.",
    ),
    "op_scale": (
        "What 0, 1, 2, ... points count for on that scale has the SHA-256 {scale}.",
        "Les valeurs de cette échelle pour 0, 1, 2, ... points ont pour empreinte SHA-256 {scale}.",
    ),
    "op_passes_over": (
        "A pair whose cap is full at its turn is passed over.",
        "Un jumelage dont le plafond est atteint quand vient son tour est écarté.",
    ),
    "serial_dictatorship": (
        "Schools choose one after the other, in an order drawn by lot, the best partner that is left.",
        "Les établissements choisissent l'un après l'autre, dans un ordre tiré au sort, le meilleur "
        "partenaire restant.",
    ),
    "greedy": (
        "The pairs with the most points are made first, as long as places are left.",
        "Les jumelages comptant le plus de points sont formés en premier, dans la limite des places.",
    ),
    "other_mechanism": (
        "The mechanism is {mechanism}; the documentation of the program says what it does.",
        "Le mécanisme retenu est {mechanism} ; la documentation du programme en décrit le fonctionnement.",
    ),
    "proof": ("What is proven of the result", "Ce qui est prouvé du résultat"),
    "covered": (
        "Schools with a partner: {coverage} of {schools}.",
        "Établissements pourvus d'un partenaire : {coverage} sur {schools}.",
    ),
    "covered_best": (
        "No way to pair them under these rules gives a partner to more.",
        "Aucune répartition conforme aux règles n'en pourvoit davantage.",
    ),
    "covered_bound": (
        "It is proven that no way to pair them gives a partner to more than {bound}.",
        "Il est prouvé qu'aucune répartition n'en pourvoit plus de {bound}.",
    ),
    "optimal": (
        "The result is the best possible under these rules: {objective}, and it is proven that no other has "
        "more.",
        "Le résultat est le meilleur possible selon ces règles : {objective}, et il est prouvé qu'aucun "
        "autre n'en compte davantage.",
    ),
    "optimal_floor": (
        "No higher floor than {floor} can be promised to as many schools, and among the results in which "
        "no school with a partner has fewer, this one is the best possible: {objective}, and it is proven "
        "that none has more.",
        "Aucun plancher supérieur à {floor} ne peut être promis à autant d'établissements ; parmi les "
        "répartitions où aucun établissement pourvu n'a moins, celle-ci est la meilleure possible : "
        "{objective}, et il est prouvé qu'aucune n'en compte davantage.",
    ),
    "feasible": (
        "The result has {objective}; no other can have more than {bound}, so that at most {gap} are missing.",
        "Le résultat compte {objective} ; aucun autre ne peut en compter plus de {bound} : il en manque au "
        "plus {gap}.",
    ),
    "carried_out": (
        "The procedure was carried out to its end, and the pairs have {points} in all. It claims a "
        "guarantee of its own, which the check looks into, and not the largest number of points.",
        "La procédure a été menée à son terme ; les jumelages totalisent {points}. Elle offre une garantie "
        "qui lui est propre, que le contrôle examine, et non le total de points le plus élevé.",
    ),
    "cut_short": (
        "The procedure was stopped before its end: the pairs keep to the rules, and nothing else is said of "
        "them.",
        "La procédure a été interrompue avant son terme : les jumelages respectent les règles, sans autre "
        "garantie.",
    ),
    "infeasible": (
        "Nothing keeps to all that the policy asks, and no pair is proposed; a witness proves it.",
        "Rien ne satisfait à tout ce que demandent les règles : aucun jumelage n'est proposé, et un témoin "
        "le prouve.",
    ),
    "no_solution": (
        "The run was stopped before anything was found.",
        "Le calcul a été interrompu avant tout résultat.",
    ),
    "checked": (
        "Every claim was checked over all pairs, and holds.",
        "Chaque affirmation a été contrôlée sur l'ensemble des jumelages possibles, et elle est exacte.",
    ),
    "refused": (
        "The check refused a claim: this result must not be used.",
        "Le contrôle a rejeté une affirmation : ce résultat ne doit pas être utilisé.",
    ),
    "not_checked": (
        "The claims were not checked in this session; matching.verify() does so.",
        "Les affirmations n'ont pas été contrôlées dans cette session ; matching.verify() permet de le "
        "faire.",
    ),
    "version": (
        "Program: twinmatch {version}. Mechanism: {mechanism}. Seed: {seed}. Seal of the result: {seal}. "
        "Fingerprint of the policy: {policy}.",
        "Programme : twinmatch {version}. Mécanisme : {mechanism}. Graine : {seed}. Sceau du résultat : "
        "{seal}. Empreinte des règles : {policy}.",
    ),
    "assumptions_text": (
        "What was assumed where something is not known:",
        "Hypothèses retenues en l'absence d'information :",
    ),
}
"""Every phrase by name: English, French."""
