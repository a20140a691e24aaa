"""Everything a deployment may set, read from the environment in one place."""

import json
import os
from pathlib import Path
from typing import Any

import dj_database_url
import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured

from config import logs, patience
from embedded import home as embedded_home

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_DIR = Path(os.environ.get("LOCAL_DIR", BASE_DIR / ".local"))
# With DATABASE_URL this is a real deployment: nothing embedded, nothing generated.
EMBEDDED = not os.environ.get("DATABASE_URL", "").strip()


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def flag(name: str, *, default: bool) -> bool:
    value = text(name, str(default))
    if value not in {"True", "False"}:
        raise ImproperlyConfigured(f"{name}={value}: write True or False")
    return value == "True"


def choice(name: str, default: str, *others: str) -> str:
    value = text(name) or default
    if value not in {default, *others}:
        known = " or ".join([default, *others])
        raise ImproperlyConfigured(f"{name}={value}: write {known}")
    return value


def whole(name: str, default: int) -> int:
    value = text(name, str(default))
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name}={value}: write a whole number")
    return int(value)


def options(name: str) -> dict[str, Any]:
    try:
        value = json.loads(text(name, "{}") or "{}")
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ImproperlyConfigured(f"{name}: write a JSON object")
    return value


def database(url: str) -> Any:
    try:
        parsed = dj_database_url.parse(url)
    except ValueError as error:
        reason = f"DATABASE_URL cannot be read: {error}"
        raise ImproperlyConfigured(reason) from None
    if parsed["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured("DATABASE_URL: expected postgresql://…")
    return parsed


def secret(name: str) -> str:
    """Returns a secret; only the embedded installation makes its own."""
    value = text(name)
    if not value and EMBEDDED:
        return embedded_home.secret(LOCAL_DIR, name.lower())
    if len(value) < 32:
        raise ImproperlyConfigured(f"{name} is required: 32 characters or more")
    return value


DEBUG = flag("DEBUG", default=False)
SECRET_KEY = secret("SECRET_KEY")
USER_KEY_SECRET = secret("USER_KEY_SECRET")
ALLOWED_HOSTS = text("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = text("CSRF_TRUSTED_ORIGINS").split()

# SECURITY: these names, by a word in them, keep the values off Django's error pages.
SECRET_DATABASE_URL = text("DATABASE_URL") or embedded_home.database_url(LOCAL_DIR)
SECRET_REDIS_URL = text("REDIS_URL") or embedded_home.redis_url(LOCAL_DIR)
DEFAULT_EXCEPTION_REPORTER_FILTER = "config.error_pages.SecretsFilter"
DATABASES = {"default": database(SECRET_DATABASE_URL)}
ASKED = DATABASES["default"].get("OPTIONS", {})
PROCESS = text("PROCESS")  # "web", "worker" or "command", as each of them sets it
PATIENCE = patience.options(web=PROCESS == "web", whole=whole)
DATABASES["default"]["OPTIONS"] = {
    **patience.connections(process=PROCESS, most=whole("DATABASE_POOL", 8)),
    **ASKED,
    # What the URL asks for comes last, and is obeyed.
    "options": f"{PATIENCE} {ASKED.get('options', '')}".strip(),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "embedded",
    "pipeline",
    "accounts",
    "events",
    "goals",
    "segmentation",
    "flags",
    "analytics",
    "accounts.site_app.StaffSiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "axes",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "rest_framework",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "api.headers.middleware",
    "api.request_body.middleware",
    "api.nul.middleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "api.undelivered.middleware",
    "axes.middleware.AxesMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False
AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "UserAttributeSimilarityValidator",
    )
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: it refuses before a hash is made
    "django.contrib.auth.backends.ModelBackend",
]
AXES_HANDLER = "accounts.throttle.LoginThrottle"
AXES_LOCKOUT_PARAMETERS = "accounts.throttle.parameters"
AXES_FAILURE_LIMIT = 100  # percent of our limits
AXES_COOLOFF_TIME = "accounts.throttle.pause"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "accounts.throttle.address"
AXES_LOCKOUT_CALLABLE = "accounts.throttle.refused"
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = AXES_VERBOSE = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 5_000_000
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "dashboard"

LANGUAGE_CODE = "en-us"
USE_I18N = False
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = LOCAL_DIR / "static" if EMBEDDED else BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]

# Files of reports: unfinished ones always here, whole ones too unless told otherwise.
# Nothing has an address: they leave through the API, which looks at roles.
FILES_DIR = Path(text("FILES_DIR") or LOCAL_DIR / "files")
LOCAL_FILES = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {
        "location": FILES_DIR,
        "file_permissions_mode": 0o600,
        "directory_permissions_mode": 0o700,
    },
}
OTHER_FILES = {"BACKEND": text("FILES_STORAGE"), "OPTIONS": options("FILES_OPTIONS")}
STORAGES = {
    "default": OTHER_FILES if OTHER_FILES["BACKEND"] else LOCAL_FILES,
    "staticfiles": {"BACKEND": "web.static_files.HashedFiles"},
}
REPORT_DAYS = whole("REPORT_DAYS", 30)
REPORT_MEGABYTES = whole("REPORT_MEGABYTES", 1_000)  # of each namespace

# Over plain HTTP (the demo, a laptop) browsers drop secure cookies.
HTTPS = flag("HTTPS", default=not EMBEDDED)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
# Who speaks HTTPS for us stands in front of us and says whom it heard from.
PROXY_COUNT = whole("PROXY_COUNT", 1 if HTTPS else 0)
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics/?$"]

# Where people reach Abacus, for the addresses in e-mails; without it they have none.
PUBLIC_URL = text("PUBLIC_URL").rstrip("/")
EMAIL_HOST = text("EMAIL_HOST")
EMAIL_USE_SSL = flag("EMAIL_USE_SSL", default=False)
EMAIL_USE_TLS = flag("EMAIL_USE_TLS", default=not EMAIL_USE_SSL)
if EMAIL_USE_SSL and EMAIL_USE_TLS:
    raise ImproperlyConfigured("Only one of EMAIL_USE_SSL, EMAIL_USE_TLS can be True")
EMAIL_PORT = whole("EMAIL_PORT", 465 if EMAIL_USE_SSL else 587)
EMAIL_HOST_USER = text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = text("EMAIL_HOST_PASSWORD")
EMAIL_TIMEOUT = 20  # seconds for each answer of the mail server
DEFAULT_FROM_EMAIL = text("DEFAULT_FROM_EMAIL", "abacus@localhost")
if EMBEDDED and not EMAIL_HOST:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = LOCAL_DIR / "mail"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.HasRole"],
    "DEFAULT_PARSER_CLASSES": ["api.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["api.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "api.error_handler.handler",
    "URL_FORMAT_OVERRIDE": None,
}
TOKEN_DAYS = whole("TOKEN_DAYS", 365)
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer"}
SPECTACULAR_SETTINGS = {
    "TITLE": "Abacus",
    "DESCRIPTION": "Turns a stream of user events into numbers a team can trust.",
    "VERSION": "0.1.0",
    "PREPROCESSING_HOOKS": ["api.documentation.published"],
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# Combinations of fewer users are not told apart: 5 or more before strangers see them.
MIN_COMBINATION_COUNT = max(whole("MIN_COMBINATION_COUNT", 1), 1)
AGGREGATE_SECONDS = whole("AGGREGATE_SECONDS", 300)
DRAIN_SECONDS = whole("DRAIN_SECONDS", 2)
LOGGING = logs.configuration(
    level=choice("LOG_LEVEL", *logs.LEVELS), form=choice("LOG_FORMAT", *logs.FORMS)
)
