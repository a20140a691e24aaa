from django.urls import path, re_path

from goals import exposition, views

v0 = [
    re_path(r"^v0/analytics/?$", views.Analytics.as_view()),
    re_path(r"^v0/goals/?$", views.Goals.as_view()),
    re_path(r"^v0/namespaces/?$", views.Namespaces.as_view()),
    re_path(r"^v0/predictions/?$", views.Predictions.as_view()),
    re_path(r"^v0/nudges/?$", views.Nudges.as_view()),
    re_path(r"^metrics/counters/?$", exposition.Counters.as_view()),
    re_path(r"^metrics/predictions/?$", exposition.Predictions.as_view()),
]
urlpatterns = [
    path("analytics/goals/<path:goal>/", views.GoalStory.as_view()),
]
