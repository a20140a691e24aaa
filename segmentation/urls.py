from django.urls import path

from segmentation import views

PARAMS, TESTS = "analytics/segmentations/params/", "analytics/ab-tests/"

urlpatterns = [
    path(PARAMS, views.Segmentations.as_view()),
    path(f"{PARAMS}<str:segmentation_id>/", views.OneSegmentation.as_view()),
    path(TESTS, views.ABTests.as_view()),
    path(f"{TESTS}<str:test_id>/", views.OneABTest.as_view()),
    path(f"{TESTS}<str:test_id>/group/", views.ABTestGroup.as_view()),
]
