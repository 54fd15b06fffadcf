"""From the labels in a file to objects 1 to n: one numbering for both masks of a frame, void handled, strays found."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vosbench.protocols.rules import foreground
from vosbench.protocols.spec import Rules
from vosbench.types import LabelMap, Masks

Plane = NDArray[np.uint8]
VOID = 255
BINARY_TRUTH = f"ground truth of 0 and {VOID} taken as a binary mask"
BINARY_PREDICTION = f"prediction of 0 and {VOID} taken as a binary mask"


class StrayLabel(ValueError):
    """A predicted label that is no object of the sequence."""

    def __init__(self, label: int) -> None:
        super().__init__(label)
        self.label = label


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSpace:
    """How the labels of one sequence become objects.

    ``ids`` are the labels of the objects in order; None means that any label 1 to 255 may turn out to be one.
    ``binary`` says that every label but 0 is the one object (in the ground truth only, where there are proposals).
    ``proposals`` is the largest label a prediction may hold where labels carry no identity, else 0.
    ``sole`` is the number of the only object, if there is just one as far as the first frames tell, else 0.
    """

    ids: tuple[int, ...] | None
    rules: Rules
    binary: bool = False
    proposals: int = 0
    sole: int = 0

    @property
    def n_gt(self) -> int:
        """Largest object number."""
        return 255 if self.ids is None else len(self.ids)

    @property
    def n_pred(self) -> int:
        """Largest number a predicted object may have."""
        return self.proposals or self.n_gt

    def merged(self, planes: Masks) -> Masks:
        """One plane of the foreground, where all labels are one object that lies in several planes."""
        if not self.binary or len(planes) < 2:
            return planes
        return (np.any([plane > 0 for plane in planes], axis=0).astype(np.uint8),)

    def takes_truth(self, top: int) -> bool:
        """Are ground-truth labels up to ``top`` object numbers as they are?"""
        void = top >= VOID and self.rules.void != "object"
        return not self.binary and self._plain and top <= self.n_gt and not void

    def takes_prediction(self, top: int) -> bool:
        """Are predicted labels up to ``top`` object numbers as they are?"""
        plain = self.proposals > 0 or (self._plain and not self.binary)
        return plain and top <= self.n_pred and not (self.sole and top == VOID)

    def truth(self, labels: LabelMap) -> tuple[Plane, NDArray[np.bool_] | None]:
        """Ground-truth labels as object numbers, and the pixels to ignore, if any."""
        if self.binary:
            shown = labels > 0
            if self.rules.objects == "merged" and self.rules.void == "background":
                shown &= labels != VOID
            return shown.astype(np.uint8), None
        top = int(labels.max())
        if self.takes_truth(top):
            return labels.astype(np.uint8, copy=False), None
        void = labels == VOID if self.rules.void != "object" and top >= VOID else None
        return self._renumber(labels), void if self.rules.void == "ignore" else None

    def prediction(self, labels: LabelMap, void: NDArray[np.bool_] | None) -> Plane:
        """Predicted labels as object numbers, void pixels cleared.

        Raises:
            StrayLabel: a label that is no object, where the protocol calls that an error.
        """
        if self.binary and not self.proposals:
            numbers = foreground(self.rules.foreground, labels).astype(np.uint8)
        elif self.is_binary(labels):
            numbers = (labels > 0).astype(np.uint8) * np.uint8(self.sole)
        elif self.takes_prediction(int(labels.max())):
            numbers = labels.astype(np.uint8, copy=False)
        else:
            self._refuse_strays(labels)
            numbers = self._renumber(labels)
        return numbers if void is None else numbers * ~void

    @property
    def _plain(self) -> bool:
        """Are the ids 1, 2, 3, …, so that labels are object numbers already?"""
        return self.ids is None or self.ids == tuple(range(1, len(self.ids) + 1))

    def is_binary(self, labels: LabelMap) -> bool:
        """Is a prediction a mask of 0 and 255 for the only object there is?"""
        return self.sole > 0 and int(labels.max()) == VOID and bool(np.isin(labels, (0, VOID)).all())

    def _refuse_strays(self, labels: LabelMap) -> None:
        if self.rules.extra_ids == "ignore" and not self.proposals:
            return
        known = range(1, self.n_pred + 1) if self.proposals or self.ids is None else self.ids
        strays = np.setdiff1d(labels, np.array([0, *known]))
        if len(strays):
            raise StrayLabel(int(strays[-1]))

    def _renumber(self, labels: LabelMap) -> Plane:
        ids = range(1, self.n_gt + 1) if self.ids is None else self.ids
        table = np.zeros(1 << 16 if labels.dtype == np.uint16 else 1 << 8, np.uint8)
        for number, label in enumerate(ids, start=1):
            if label < VOID or self.rules.void == "object":
                table[label] = number
        return table[labels]
