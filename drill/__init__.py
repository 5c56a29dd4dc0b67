"""The drill: faults at random against a scratch installation, and proof that nothing was lost.

`python manage.py drill` (docs/drill.md). Nothing of the project imports this package, and it never
touches the project's own database.
"""
