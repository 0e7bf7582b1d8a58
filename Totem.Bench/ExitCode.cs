namespace Totem.Bench;

/// <summary>The exit codes of the command: the numbers of <c>totem</c> (docs/reference/cli.md).</summary>
internal static class ExitCode
{
    /// <summary>Every run ended, and the order was the same at all nodes.</summary>
    public const int Ok = 0;

    /// <summary>The order differed, or a run of ours did not end as it must.</summary>
    public const int CheckFailed = 1;

    /// <summary>The arguments are wrong, or name an engine that is not installed here.</summary>
    public const int Usage = 2;

    /// <summary>The machine would not have it: a network cannot be made, a child process cannot be started.</summary>
    public const int Environment = 3;

    /// <summary>An error of this command itself. The convention of sysexits.h for such (EX_SOFTWARE).</summary>
    public const int Unexpected = 70;

    /// <summary>Stopped by Ctrl-C or SIGTERM before the work was done. The shell's convention for SIGINT.</summary>
    public const int Interrupted = 130;
}
