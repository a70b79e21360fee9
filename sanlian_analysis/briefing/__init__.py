"""Briefings: one area's findings, made once and rendered as PDF, slides, document and workbook."""

from sanlian_analysis.briefing.evaluated import Evaluated
from sanlian_analysis.briefing.make import (
    comparison_briefing,
    county_briefing,
    overview_briefing,
)
from sanlian_analysis.briefing.origin import origin
from sanlian_analysis.briefing.priorities import changes, effort
from sanlian_analysis.briefing.value import Briefing, Native, Series

__all__ = [
    "Briefing",
    "Evaluated",
    "Native",
    "Series",
    "changes",
    "comparison_briefing",
    "county_briefing",
    "effort",
    "origin",
    "overview_briefing",
]
