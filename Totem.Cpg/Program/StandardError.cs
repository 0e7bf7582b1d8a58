using System.Runtime.InteropServices;
using System.Text;

namespace Totem.Cpg.Program;

/// <summary>
/// The program's standard error by its number. The console of the class library would take over the terminal and the
/// program's handlers of SIGINT, SIGQUIT, SIGCONT and others at the first line.
/// </summary>
internal static unsafe partial class StandardError
{
    private const int Number = 2;
    private const short Writable = 4;

    /// <summary>Writes what there is room for now. A descriptor that the program has closed, or that nobody reads, is
    /// not complained of, and raises no SIGPIPE.</summary>
    public static void Write(string text)
    {
        var state = new PollState { Descriptor = Number, Events = Writable };
        // The end of a pipe that nobody reads is in error; a full one is not writable.
        if (Poll(&state, 1, 0) != 1 || state.Found != Writable)
            return;
        var encoded = Encoding.UTF8.GetBytes(text);
        fixed (byte* bytes = encoded)
            _ = Write(Number, bytes, (nuint)encoded.Length);
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(PollState* states, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int descriptor, void* buffer, nuint count);

    private struct PollState
    {
        public int Descriptor;
        public short Events;
        public short Found;
    }
}
