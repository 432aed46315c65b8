"""Validation: the whole chain on planted truth, what it recovers, what it invents, and whom it blames."""

from broken_telephone.validation.arms import LONG, ValidatedArm, chains_and_instruments, validated_arm
from broken_telephone.validation.blame import blame_table
from broken_telephone.validation.judge_readings import judge_readings
from broken_telephone.validation.known_error import known_error_table
from broken_telephone.validation.long_loop import long_loop_table
from broken_telephone.validation.null_world import null_table
from broken_telephone.validation.recovery import recovery_table
from broken_telephone.validation.settings import ValidationSettings
from broken_telephone.validation.verdicts import verdicts_table

__all__ = [
    "LONG",
    "ValidatedArm",
    "ValidationSettings",
    "blame_table",
    "chains_and_instruments",
    "judge_readings",
    "known_error_table",
    "long_loop_table",
    "null_table",
    "recovery_table",
    "validated_arm",
    "verdicts_table",
]
