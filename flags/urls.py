from django.urls import re_path

from flags import views

urlpatterns = [
    re_path(r"^v0/features/?$", views.Features.as_view()),
    re_path(r"^v0/featureSpecs/?$", views.FeatureSpecs.as_view()),
]
