from django.urls import re_path

from goals import views

urlpatterns = [
    re_path(r"^v0/analytics/?$", views.Analytics.as_view()),
]
