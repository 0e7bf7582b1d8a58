using System.Text;

namespace Totem.Platform.Programs;

/// <summary>The first call into a shared library of ours, while no other thread of the process may enter it.</summary>
/// <remarks>
/// Under Native AOT the first lock that two threads want reads its settings: from the process's environment, as UTF-8.
/// If one of them holds it because it is making just those classes, it finds them half made, and the report of that
/// needs them again: the stack ends and the process dies without a word. See
/// https://github.com/dotnet/runtime/issues/99663 for the kind. A class that one thread has made alone cannot be found
/// so.
/// </remarks>
public static class RuntimeStart
{
    public static void Prepare()
    {
        _ = Encoding.UTF8.GetByteCount(Environment.GetEnvironmentVariable("TOTEM_CONFIG") ?? "");
        _ = AppContext.TryGetSwitch("Totem.None", out _);
    }
}
