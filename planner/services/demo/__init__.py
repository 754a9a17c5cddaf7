"""The demo clinic: invented people, and ten weeks of their life told through the services themselves."""
