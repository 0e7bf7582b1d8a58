namespace Totem.Bench.Peers;

/// <summary>
/// The files of one node that its daemons use, life after life. A daemon sees them at their usual places, through
/// mounts in a mount namespace of its own that ends with its last process; <c>ip netns exec</c> makes one for whatever
/// it runs.
/// </summary>
internal sealed class DaemonFolder
{
    // $1: our folder. Shared memory and /run are empty in each life, as after a crash nobody cleans them up. Names are
    // not looked up in the domain name system, which nobody answers here: the daemon would wait for it at its start. A
    // daemon has no input that tells it the end of whoever started it, so a guard reads it in its place: it ends with
    // the daemon, or ends it.
    private const string Script = """
        set -e
        mount --bind "$1/etc" /etc/corosync
        mount --bind "$1/nsswitch.conf" /etc/nsswitch.conf
        mount --bind "$1/lib" /var/lib/corosync
        mount -t tmpfs none /run
        mount -t tmpfs none /dev/shm
        exec 3<&0
        (while read -r x <&3; do :; done; [ "$(cat /proc/$$/comm)" = corosync ] && kill -9 $$) >/dev/null 2>&1 &
        exec corosync -f </dev/null 3<&-
        """;

    private readonly string _path;

    /// <summary>Makes the folder of a node.</summary>
    /// <param name="path">An empty folder.</param>
    /// <param name="configuration">The <c>corosync.conf</c>.</param>
    /// <param name="key">The bytes of its <c>authkey</c>; without any there is no such file.</param>
    public DaemonFolder(string path, string configuration, byte[]? key = null)
    {
        _path = path;
        foreach (var part in (ReadOnlySpan<string>)["etc", "lib"])
            Directory.CreateDirectory(Path.Combine(path, part));
        File.WriteAllText(Path.Combine(path, "etc", "corosync.conf"), configuration);
        if (key is not null)
            File.WriteAllBytes(Path.Combine(path, "etc", "authkey"), key);
        File.WriteAllText(Path.Combine(path, "nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files\n");
    }

    /// <summary>Changes the file, which a daemon reads when it is told to.</summary>
    public void Rewrite(string configuration) =>
        File.WriteAllText(Path.Combine(_path, "etc", "corosync.conf"), configuration);

    /// <summary>The command that starts a daemon behind the one that enters its network.</summary>
    public IReadOnlyList<string> Command => ["/bin/sh", "-c", Script, "corosync", _path];
}
