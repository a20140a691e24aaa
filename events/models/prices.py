"""What items cost, for events that carry no value of their own."""

from django.db import models


class ItemPrice(models.Model):
    """An item's latest price, for events that carry no value of their own."""

    pk = models.CompositePrimaryKey("namespace_id", "item_id")
    namespace = models.ForeignKey(
        "accounts.Namespace", on_delete=models.PROTECT, db_index=False
    )
    item_id = models.CharField(max_length=200)
    price = models.DecimalField(max_digits=20, decimal_places=6)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(price__gte=0, price__lte=10**12),
                name="price_is_bounded",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.price}"


class PriceChange(models.Model):
    """A price that was set anew, and the aggregation that summed events by it.

    Rows are only added where prices are set, so that whoever sets them waits for no
    aggregation.
    """

    namespace = models.ForeignKey(
        "accounts.Namespace", on_delete=models.PROTECT, db_index=False
    )
    item_id = models.CharField(max_length=200)
    changed_at = models.DateTimeField()
    aggregated_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["namespace", "changed_at"],
                condition=models.Q(aggregated_at=None),
                name="price_change_pending",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} at {self.changed_at}"
