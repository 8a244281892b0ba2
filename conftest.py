"""What every test of the repository may use."""

pytest_plugins = ["dev.pytest_infra", "chassis.kit.plugin"]
