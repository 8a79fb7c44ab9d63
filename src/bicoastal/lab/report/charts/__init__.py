"""The charts, as SVG without scripts: colours are classes, which the page's style fills."""
