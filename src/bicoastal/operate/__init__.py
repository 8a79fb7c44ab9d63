"""Operating a deployed stack: finding it by its names, looking at it, and asking for changes.

Nothing here needs Pulumi's state, nor any one region: what is asked of AWS is asked where somebody
answers. Reports are values; `cli` renders them.
"""
