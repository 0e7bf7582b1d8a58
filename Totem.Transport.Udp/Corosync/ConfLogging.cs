namespace Totem.Transport.Udp.Corosync;

/// <summary>The <c>logging</c> section, as far as a host can follow it.</summary>
/// <param name="Debug"><c>debug: on</c>: transitions are wanted too.</param>
/// <param name="ToStandardError"><c>to_stderr</c>. corosync's default is no.</param>
/// <param name="LogFile"><c>logfile</c> if <c>to_logfile: yes</c>, else null.</param>
public sealed record ConfLogging(bool Debug, bool ToStandardError, string? LogFile)
{
    internal static ConfLogging Read(ConfSection root, List<ConfReader> readers, ConfProblems problems)
    {
        var result = new ConfLogging(false, false, null);
        foreach (var section in root.Named("logging"))
        {
            var reader = new ConfReader(section, problems);
            readers.Add(reader);
            reader.Accept("to_syslog", "syslog_facility", "syslog_priority", "logfile_priority", "timestamp", "fileline",
                "function_name", "format", "blackbox");
            var file = reader.Text("logfile");
            if (reader.YesNo("to_logfile") == true && file is null)
                reader.Wrong("logfile", "a path, because to_logfile is yes");
            result = new ConfLogging(
                reader.OneOf("debug", "on", "off", "trace") is "on" or "trace",
                reader.YesNo("to_stderr") ?? false,
                reader.YesNo("to_logfile") == true ? file : null);
        }

        return result;
    }
}
