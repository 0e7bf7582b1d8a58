namespace Totem.CommandLine;

/// <summary>The exit codes of the commands; listed in every help text of <c>totem</c> and in
/// docs/reference/cli.md.</summary>
public static class ExitCode
{
    /// <summary>Everything that was asked for was done, and held.</summary>
    public const int Ok = 0;

    /// <summary>A check failed: a rule of extended virtual synchrony was broken, or a run did not
    /// end as it must.</summary>
    public const int CheckFailed = 1;

    /// <summary>The arguments, a configuration file or an input file are wrong.</summary>
    public const int Usage = 2;

    /// <summary>The machine would not have it: a port is taken, a file cannot be written, a child
    /// process died.</summary>
    public const int Environment = 3;

    /// <summary>No member runs on this host, of this user.</summary>
    public const int NoMember = 4;

    /// <summary>An error of this command itself. The convention of sysexits.h for such (EX_SOFTWARE).</summary>
    public const int Unexpected = 70;

    /// <summary>Stopped by Ctrl-C or SIGTERM before the work was done. The shell's convention for SIGINT.</summary>
    public const int Interrupted = 130;
}
