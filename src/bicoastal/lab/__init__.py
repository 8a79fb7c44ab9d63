"""The lab: where the stack is deployed, broken and watched, with real databases behind it."""
