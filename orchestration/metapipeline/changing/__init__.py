"""What is changed: plans of small steps for dbt projects, and pull requests on their repositories."""
