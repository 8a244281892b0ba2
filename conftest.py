"""What every test of the repository may use."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["dev.pytest_infra", "chassis.kit.plugin"]

# how long an example takes says something about the machine
settings.register_profile("kehu", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kehu")
