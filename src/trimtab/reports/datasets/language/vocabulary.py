"""Every function of the language by its name in small letters; the reference of the guide is made of it."""

from collections.abc import Mapping

from trimtab.reports.datasets.language.functions.groups import GROUP_FUNCTIONS
from trimtab.reports.datasets.language.functions.operators import OPERATORS
from trimtab.reports.datasets.language.functions.rows import ROW_FUNCTIONS
from trimtab.reports.datasets.language.functions.times import TIME_FUNCTIONS
from trimtab.reports.datasets.language.writer import Function

FUNCTIONS: Mapping[str, Function] = {**OPERATORS, **ROW_FUNCTIONS, **TIME_FUNCTIONS, **GROUP_FUNCTIONS}
