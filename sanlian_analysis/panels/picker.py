"""Two lists, a city and one of its counties, of which the second follows the first."""

from __future__ import annotations

from collections.abc import Callable

from sanlian_analysis.language import say
from sanlian_analysis.panels.choices import Choices, Place
from sanlian_analysis.panels.panel import Panel, dropdown


class AreaPicker:
    """The area that a panel is about. `answer` is called when another one is chosen."""

    def __init__(
        self, panel: Panel, choices: Choices, place: Place, answer: Callable[[], None]
    ) -> None:
        """Start at a place."""
        self._panel, self._choices, self._answer = panel, choices, answer
        self.city = dropdown(say("市", "City"), choices.cities, place.city)
        self.area = dropdown(say("县区", "County"), choices.areas(place.city), place.area)
        panel.listen(self.city, self._city_chosen)
        panel.listen(self.area, answer)

    def _city_chosen(self) -> None:
        options = self._choices.areas(self.city.value)
        with self._panel.setting():
            self.area.options = options
            self.area.value = options[1][1]  # the first is the city as a whole
        self._answer()
