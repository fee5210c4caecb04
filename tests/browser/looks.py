"""How a page looks to those who see little: what axe-core finds, and the contrast of its text."""

from __future__ import annotations

from importlib.resources import files
from typing import Any


def list_violations(frame: Any) -> list[str]:
    """The rules of accessibility that the page breaks, as axe-core finds them, each with the first element."""
    source = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    run = "return (await axe.run(document)).violations.map(rule => `${rule.id}: ${rule.nodes[0].html}`)"
    return list(frame.locator("html").evaluate(f"async () => {{ {source}; {run} }}"))


def compute_contrast(frame: Any, selector: str) -> float:
    """The least contrast of text to its background among the matching elements, as WCAG 2 computes it."""
    return float(
        frame.locator(selector).evaluate_all(
            """elements => {
                const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
                const read = (colour) => {
                    paint.clearRect(0, 0, 1, 1);
                    paint.fillStyle = colour;
                    paint.fillRect(0, 0, 1, 1);
                    return paint.getImageData(0, 0, 1, 1).data;
                };
                const light = ([red, green, blue]) => [red, green, blue]
                    .map(part => part / 255)
                    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
                    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
                const behind = (element) => {
                    for (let at = element; at; at = at.parentElement) {
                        const colour = read(getComputedStyle(at).backgroundColor);
                        if (colour[3] === 255) return colour;
                    }
                    return read(getComputedStyle(document.documentElement).colorScheme === 'dark' ? '#121212' : '#fff');
                };
                return Math.min(...elements.filter(element => element.innerText && element.offsetParent).map(element => {
                    const both = [light(read(getComputedStyle(element).color)), light(behind(element))];
                    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
                }));
            }"""
        )
    )
