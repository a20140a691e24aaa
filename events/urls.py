from django.urls import path

from events import views

urlpatterns = [
    path("analytics/items/prices/", views.ItemPrices.as_view()),
]
