if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl enable --quiet codedeploy-agent.service
  systemctl restart codedeploy-agent.service
fi
