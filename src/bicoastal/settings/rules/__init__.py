"""The rules, one module for each family; `bicoastal.settings.catalogue` collects them."""
