using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Totem.Cli.Workers;

/// <summary>Signals to a process that we started; .NET itself knows only SIGKILL.</summary>
internal static partial class ProcessSignal
{
    private const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;

    /// <summary>The process stops running until <see cref="Continue"/>.</summary>
    public static void Pause(Process process) => Send(process, SigStop);

    /// <summary>The process runs on.</summary>
    public static void Continue(Process process) => Send(process, SigCont);

    /// <summary>The process is asked to end.</summary>
    public static void Terminate(Process process) => Send(process, SigTerm);

    private static void Send(Process process, int signal)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("signals are sent on Linux only");
        if (!process.HasExited && Kill(process.Id, signal) != 0)
            throw new InvalidOperationException($"kill({process.Id}, {signal}) failed: errno "
                + $"{Marshal.GetLastPInvokeError()}");
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Kill(int pid, int signal);
}
