"""The project's own commands that make, list, check, show and clean studies. `declarations` states their options."""
